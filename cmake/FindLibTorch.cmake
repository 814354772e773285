# LibTorch of a Python wheel, without the wheel's own CMake package (which asks for a CUDA toolkit).
#
# Looks in STRATA_TORCH_DIR (a torch package folder: .../site-packages/torch), then asks the Python
# of the active environment, then the project's own .venv. Defines LibTorch::LibTorch; its include folders
# carry an old google/protobuf, so only targets that need LibTorch may link it.
set(STRATA_TORCH_DIR "" CACHE PATH "The torch package folder whose LibTorch is used")

function(_strata_ask_python python result)
  execute_process(
    COMMAND ${python} -c
      "import importlib.util as u; s = u.find_spec('torch'); print(s.submodule_search_locations[0] if s else '')"
    OUTPUT_VARIABLE folder ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
  set(${result} "${folder}" PARENT_SCOPE)
endfunction()

if(NOT STRATA_TORCH_DIR)
  foreach(python python3 ${CMAKE_SOURCE_DIR}/.venv/bin/python)
    _strata_ask_python(${python} folder)
    if(folder AND EXISTS ${folder}/lib/libtorch_cpu.so)
      set(STRATA_TORCH_DIR ${folder} CACHE PATH "" FORCE)
      break()
    endif()
  endforeach()
endif()

set(_required_libraries torch torch_cpu c10)
set(_libraries)
foreach(name IN LISTS _required_libraries)
  if(EXISTS ${STRATA_TORCH_DIR}/lib/lib${name}.so)
    list(APPEND _libraries ${STRATA_TORCH_DIR}/lib/lib${name}.so)
  else()
    list(APPEND _missing lib${name}.so)
  endif()
endforeach()
foreach(name torch_cuda c10_cuda)
  if(EXISTS ${STRATA_TORCH_DIR}/lib/lib${name}.so)
    list(APPEND _libraries ${STRATA_TORCH_DIR}/lib/lib${name}.so)
  endif()
endforeach()
if(EXISTS ${STRATA_TORCH_DIR}/version.py)
  file(STRINGS ${STRATA_TORCH_DIR}/version.py _version_line REGEX "^__version__")
  string(REGEX MATCH "[0-9]+\\.[0-9]+\\.[0-9]+" LibTorch_VERSION "${_version_line}")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch
  REQUIRED_VARS STRATA_TORCH_DIR _libraries
  VERSION_VAR LibTorch_VERSION
  REASON_FAILURE_MESSAGE
    "no LibTorch found: run scripts/setup.sh, or set STRATA_TORCH_DIR to a .../site-packages/torch folder (missing: ${_missing})")
if(LibTorch_VERSION VERSION_LESS 2.4)
  message(FATAL_ERROR "LibTorch ${LibTorch_VERSION} in ${STRATA_TORCH_DIR} is too old: 2.4 or newer is needed")
endif()

if(NOT TARGET LibTorch::LibTorch)
  add_library(LibTorch::LibTorch INTERFACE IMPORTED)
  set_target_properties(LibTorch::LibTorch PROPERTIES
    INTERFACE_INCLUDE_DIRECTORIES
      "${STRATA_TORCH_DIR}/include;${STRATA_TORCH_DIR}/include/torch/csrc/api/include"
    INTERFACE_SYSTEM_INCLUDE_DIRECTORIES
      "${STRATA_TORCH_DIR}/include;${STRATA_TORCH_DIR}/include/torch/csrc/api/include"
    # libtorch.so itself holds no symbols, so the linker must be told to keep it and the CUDA twins.
    INTERFACE_LINK_LIBRARIES "-Wl,--no-as-needed;${_libraries};-Wl,--as-needed"
    INTERFACE_LINK_OPTIONS "-Wl,-rpath,${STRATA_TORCH_DIR}/lib")
endif()
