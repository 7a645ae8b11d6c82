# The emulated device: libcuda.so.1, with the kernels compiled in.

# Kernels: no type-based aliasing (vector loads through casts), and the two mathematics flags without which GCC cannot
# vectorise across threads. Line tables turn the address of a fault into a source line; no path of this machine gets in.
set(kernel_flags -O3 -march=${SEPARABLE_EMULATOR_MARCH} -g1 -fno-strict-aliasing -fno-math-errno -fno-trapping-math
  -Wall -Wno-unknown-pragmas -Wno-unused-function -Wno-sign-compare)
set(emulator_flags -O2 -g1 -Wall -Wextra)
set(no_paths -ffile-prefix-map=${PROJECT_SOURCE_DIR}/=)
set(sanitizers -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)

# emulated_objects(NAME EXTRA_FLAGS...): object libraries NAME_kernels and NAME_runtime.
function(emulated_objects name)
  set_source_files_properties(${kernel_sources} PROPERTIES LANGUAGE CXX)
  add_library(${name}_kernels OBJECT ${kernel_sources})
  target_compile_features(${name}_kernels PRIVATE cxx_std_17)
  set_target_properties(${name}_kernels PROPERTIES CXX_STANDARD 17)
  target_include_directories(${name}_kernels PRIVATE ${PROJECT_SOURCE_DIR}/native/kernels ${PROJECT_SOURCE_DIR}/native/emulator)
  target_compile_options(${name}_kernels PRIVATE ${kernel_flags} ${no_paths} ${ARGN})

  add_library(${name}_runtime OBJECT ${emulator_sources})
  set_target_properties(${name}_runtime PROPERTIES CXX_STANDARD 20)
  target_compile_options(${name}_runtime PRIVATE ${emulator_flags} ${no_paths} ${ARGN})
endfunction()

find_package(Threads REQUIRED)
if(SEPARABLE_SANITIZE)
  add_link_options(${sanitizers})
  emulated_objects(emulated ${sanitizers})
else()
  emulated_objects(emulated)
endif()

add_library(emulated_cuda SHARED $<TARGET_OBJECTS:emulated_runtime> $<TARGET_OBJECTS:emulated_kernels>)
set_target_properties(emulated_cuda PROPERTIES OUTPUT_NAME cuda SUFFIX .so.1 LINKER_LANGUAGE CXX
  LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/emulated)
target_link_options(emulated_cuda PRIVATE -Wl,--version-script=${PROJECT_SOURCE_DIR}/native/emulator/exports.map)
if(NOT SEPARABLE_SANITIZE)
  target_link_options(emulated_cuda PRIVATE -Wl,--no-undefined)
endif()
target_link_libraries(emulated_cuda PRIVATE Threads::Threads ${CMAKE_DL_LIBS})

add_custom_command(OUTPUT ${resources}/emulated/libcuda.so.1
  COMMAND ${CMAKE_COMMAND} -E copy $<TARGET_FILE:emulated_cuda> ${resources}/emulated/libcuda.so.1
  DEPENDS emulated_cuda VERBATIM)
add_custom_target(emulated_resource ALL DEPENDS ${resources}/emulated/libcuda.so.1)
