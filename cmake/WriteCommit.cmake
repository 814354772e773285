# Writes OUTPUT, a source file that names the commit of SOURCE_DIR (cli/build_facts.h), unless it says the same
# already. Run by every build: cmake -DSOURCE_DIR=... -DOUTPUT=... -P WriteCommit.cmake
cmake_minimum_required(VERSION 3.25)
set(commit "")
find_program(git git)
# A source tree without .git may lie in a checkout of something else.
if(git AND EXISTS ${SOURCE_DIR}/.git)
  execute_process(
    COMMAND ${git} -C ${SOURCE_DIR} describe --always --dirty --abbrev=12 --exclude=*
    OUTPUT_VARIABLE described OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
  if(NOT failed)
    set(commit ${described})
  endif()
endif()
file(CONFIGURE OUTPUT ${OUTPUT} @ONLY CONTENT [[
#include "cli/build_facts.h"

namespace strata::cli {

const char* const kSourceCommit = "@commit@";

}  // namespace strata::cli
]])
