# One way to declare a library or a test, so that every target has the same warnings, and the two
# walls hold: a target that does not name LibTorch::LibTorch, or one that does not name strata_proto,
# cannot include their headers, because include folders travel only with those targets.

function(strata_compile_options target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wno-unused-parameter)
  if(STRATA_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  if(STRATA_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${STRATA_SANITIZE} -fno-omit-frame-pointer)
    target_link_options(${target} PRIVATE -fsanitize=${STRATA_SANITIZE})
    if(STRATA_SANITIZE STREQUAL thread)
      # GCC takes what it adds for reads of variables that nothing set. Fences, as Boost.Asio has them,
      # are not seen by the sanitizer: where it reports what they order, tests/sanitizers says so.
      target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized -Wno-tsan)
    endif()
    get_target_property(type ${target} TYPE)
    if(STRATA_SANITIZE STREQUAL thread AND type STREQUAL EXECUTABLE)
      target_sources(${target} PRIVATE ${CMAKE_SOURCE_DIR}/tests/sanitizers/absl_mutex_for_tsan.cc)
    endif()
  endif()
endfunction()

# strata_library(NAME SOURCES a.cc ... DEPENDS public targets ... PRIVATE_DEPENDS targets ...
#                [PRECOMPILE headers ... | PRECOMPILED_AS target])
# Most of a file's compile time goes into headers of other projects. PRECOMPILE reads them once for the
# library, PRECOMPILED_AS takes what another library has read. Precompiled headers are no licence to leave
# out an include: the preset `core` and clang-tidy read every file by itself.
function(strata_library name)
  cmake_parse_arguments(ARG "" "PRECOMPILED_AS" "SOURCES;DEPENDS;PRIVATE_DEPENDS;PRECOMPILE" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${ARG_DEPENDS} PRIVATE ${ARG_PRIVATE_DEPENDS})
  strata_compile_options(${name})
  if(ARG_PRECOMPILE)
    target_precompile_headers(${name} PRIVATE ${ARG_PRECOMPILE})
  elseif(ARG_PRECOMPILED_AS)
    target_precompile_headers(${name} REUSE_FROM ${ARG_PRECOMPILED_AS})
  endif()
endfunction()

# What nearly every file of the side without LibTorch includes; libraries add {fmt}.
set(STRATA_STANDARD_HEADERS
  <algorithm> <array> <cmath> <cstdint> <filesystem> <fstream> <functional> <map> <memory> <optional> <set> <span>
  <string> <string_view> <unordered_map> <utility> <variant> <vector> <absl/status/status.h> <absl/status/statusor.h>)
set(STRATA_COMMON_HEADERS ${STRATA_STANDARD_HEADERS} <fmt/format.h> <fmt/ranges.h>)

# Declares the precompiled headers that all tests share, one for either side of the LibTorch wall. {fmt} is not among
# them, because its macros differ between tests.
function(strata_test_headers)
  set(own ${CMAKE_SOURCE_DIR}/tests/support/precompiled.cc)
  add_library(strata_plain_test_headers STATIC ${own})
  target_link_libraries(strata_plain_test_headers PRIVATE absl::statusor GTest::gmock)
  target_precompile_headers(strata_plain_test_headers PRIVATE
    ${STRATA_STANDARD_HEADERS} <gmock/gmock.h> <gtest/gtest.h>)
  add_library(strata_libtorch_test_headers STATIC ${own})
  target_link_libraries(strata_libtorch_test_headers PRIVATE
    absl::statusor GTest::gmock LibTorch::LibTorch)
  target_precompile_headers(strata_libtorch_test_headers PRIVATE
    <ATen/ATen.h> <ATen/CPUGeneratorImpl.h> <absl/status/statusor.h> <gmock/gmock.h> <gtest/gtest.h>)
  foreach(target strata_plain_test_headers strata_libtorch_test_headers)
    target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR})
    strata_test_options(${target})
  endforeach()
endfunction()

# Tests are compiled for a quick build. What they test keeps its own options.
function(strata_test_options target)
  strata_compile_options(${target})
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
  # At this level GCC 12 takes concatenated std::strings for writes out of bounds.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(${target} PRIVATE -Wno-array-bounds -Wno-stringop-overflow)
  endif()
endfunction()

# Defines STRATA_SOURCE_DIR for the files that use it, and for no others: they are the only ones that
# another clone has to compile again.
function(strata_define_source_folder)
  foreach(source ${ARGN})
    cmake_path(ABSOLUTE_PATH source BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} NORMALIZE)
    file(STRINGS ${source} uses REGEX "STRATA_SOURCE_DIR|tests/.*(fixture|oracle)\\.h" LIMIT_COUNT 1)
    if(uses)
      set_property(SOURCE ${source} APPEND PROPERTY COMPILE_DEFINITIONS STRATA_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    endif()
  endforeach()
endfunction()

# strata_test(NAME SOURCES a_test.cc ... DEPENDS targets ... [TIMEOUT seconds] [SHARDS n] [LABELS label ...]
#             [MODEL_TESTS pattern ...])
# One executable. Its tests are divided into n ctest entries (NAME, or NAME.1 to NAME.n), so that they run side by
# side. Labels: `model` needs the downloaded model, `cluster` an engine or several hosts, `slow` takes long. What has
# no label is what `scripts/test.sh --quick` runs. MODEL_TESTS are GoogleTest patterns of the tests in the executable
# that need the model: they become the entry NAME.model with that label, and the other entries leave them out.
function(strata_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT;SHARDS" "SOURCES;DEPENDS;LABELS;MODEL_TESTS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS} GTest::gmock_main)
  strata_define_source_folder(${ARG_SOURCES})
  strata_test_options(${name})
  if("LibTorch::LibTorch" IN_LIST ARG_DEPENDS)
    target_precompile_headers(${name} REUSE_FROM strata_libtorch_test_headers)
  elseif("strata_workers" IN_LIST ARG_DEPENDS)
    # gRPC brings -pthread, which precompiled headers must have been made with.
    target_precompile_headers(${name} PRIVATE ${STRATA_STANDARD_HEADERS} <gmock/gmock.h> <gtest/gtest.h>)
  else()
    target_precompile_headers(${name} REUSE_FROM strata_plain_test_headers)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 600)
  endif()
  if(STRATA_SANITIZE)
    math(EXPR ARG_TIMEOUT "10 * ${ARG_TIMEOUT}")
  endif()
  if(NOT ARG_SHARDS)
    set(ARG_SHARDS 1)
  endif()
  set(filter)
  if(ARG_MODEL_TESTS)
    list(JOIN ARG_MODEL_TESTS ":" patterns)
    set(filter "--gtest_filter=-${patterns}")
    add_test(NAME ${name}.model COMMAND ${name} --gtest_filter=${patterns})
    set_tests_properties(${name}.model PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "model;${ARG_LABELS}")
  endif()
  foreach(shard RANGE 1 ${ARG_SHARDS})
    set(entry ${name})
    if(ARG_SHARDS GREATER 1)
      string(APPEND entry ".${shard}")
    endif()
    math(EXPR index "${shard} - 1")
    add_test(NAME ${entry} COMMAND ${name} ${filter})
    set_tests_properties(${entry} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}"
      ENVIRONMENT "GTEST_TOTAL_SHARDS=${ARG_SHARDS};GTEST_SHARD_INDEX=${index}")
  endforeach()
endfunction()
