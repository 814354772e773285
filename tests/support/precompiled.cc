// The only source of the libraries that hold the precompiled headers of the tests.
