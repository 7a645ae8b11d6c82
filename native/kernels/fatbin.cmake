# kernels.fatbin: machine code for SEPARABLE_CUDA_ARCHITECTURES and PTX for newer ones, from one unity file; and kernels.csv, what
# each kernel takes of a GPU, as compile.sh writes it.

set(kernels_fatbin ${CMAKE_BINARY_DIR}/fatbin/empty.fatbin)
set(kernels_table ${CMAKE_BINARY_DIR}/fatbin/empty.csv)
set(kernels_architectures "")
set(kernels_ptx "")
set(kernels_compiler "none")

find_program(NVCC nvcc HINTS /usr/local/cuda/bin $ENV{CUDA_HOME}/bin)
if(NOT SEPARABLE_FATBIN)
  message(STATUS "SEPARABLE_FATBIN is off: the fatbin is empty, only the emulated device will find kernels")
elseif(NOT NVCC)
  message(STATUS "nvcc not found (looked on PATH and in /usr/local/cuda/bin): the fatbin is empty, only the emulated device will find kernels")
elseif(NOT kernel_sources)
  message(STATUS "native/kernels holds no .cu file: the fatbin is empty")
else()
  execute_process(COMMAND ${NVCC} --list-gpu-arch OUTPUT_VARIABLE known COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND ${NVCC} --version OUTPUT_VARIABLE nvcc_version COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCH "V([0-9.]+)" nvcc_version "${nvcc_version}")
  set(kernels_compiler "nvcc ${CMAKE_MATCH_1}")
  set(code "")
  foreach(architecture IN LISTS SEPARABLE_CUDA_ARCHITECTURES)
    if(known MATCHES "compute_${architecture}(\n|$)")
      list(APPEND kernels_architectures ${architecture})
      list(APPEND code -gencode arch=compute_${architecture},code=sm_${architecture})
    else()
      message(STATUS "${kernels_compiler} does not know compute capability ${architecture}: left out of the fatbin")
    endif()
  endforeach()
  if(NOT kernels_architectures)
    message(FATAL_ERROR "${kernels_compiler} knows none of the architectures ${SEPARABLE_CUDA_ARCHITECTURES}")
  endif()
  list(SORT kernels_architectures COMPARE NATURAL)
  # PTX of 8.0 rather than of 7.5, whose code has neither bf16 products on tensor cores nor asynchronous copies.
  set(with_tensor_cores ${kernels_architectures})
  list(FILTER with_tensor_cores EXCLUDE REGEX "^[1-7][0-9]$")
  list(GET kernels_architectures 0 kernels_ptx)
  if(with_tensor_cores)
    list(GET with_tensor_cores 0 kernels_ptx)
  endif()
  list(APPEND code -gencode arch=compute_${kernels_ptx},code=compute_${kernels_ptx})

  # Copies that name themselves are compiled: no path of this machine gets in but that of the CUDA toolkit's own headers.
  set(staged ${CMAKE_BINARY_DIR}/fatbin/sources)
  set(unity "#line 1 \"/separable/native/kernels/all.cu\"\n")
  foreach(source IN LISTS kernel_sources)
    cmake_path(GET source FILENAME source)
    string(APPEND unity "#include \"${source}\"\n")
  endforeach()
  file(CONFIGURE OUTPUT ${staged}/all.cu CONTENT "${unity}" @ONLY)

  set(kernels_fatbin ${CMAKE_BINARY_DIR}/fatbin/kernels.fatbin)
  set(kernels_table ${CMAKE_BINARY_DIR}/fatbin/kernels.csv)
  set(scripts ${PROJECT_SOURCE_DIR}/native/kernels)
  # One file has work for one core only, unless the compiler splits what comes after reading it.
  execute_process(COMMAND ${NVCC} --help OUTPUT_VARIABLE nvcc_help COMMAND_ERROR_IS_FATAL ANY)
  set(split "")
  if(nvcc_help MATCHES "--split-compile ")
    set(split --split-compile 0)
  endif()

  # Every image compressed, which nvcc by itself does to some: two architectures and PTX are 6 MB instead of 48.
  add_custom_command(OUTPUT ${kernels_fatbin} ${kernels_table}
    COMMAND ${scripts}/stage.sh ${scripts} ${staged}
    COMMAND ${scripts}/compile.sh ${kernels_table}
      ${NVCC} -fatbin -std=c++17 -lineinfo --threads 0 ${split} -Xptxas -v -Xfatbin -compress-all ${code} -o ${kernels_fatbin} all.cu
    WORKING_DIRECTORY ${staged}
    DEPENDS ${staged}/all.cu ${scripts}/stage.sh ${scripts}/compile.sh ${scripts}/kernel_table.awk ${scripts}/kernel_summary.awk
      ${kernel_sources} ${kernel_headers}
    COMMENT "Compiling the fatbin for ${kernels_architectures} with ${kernels_compiler}" VERBATIM)
endif()

# The header of a fatbin and nothing after it: magic, version 1, a header of 16 bytes, 0 bytes of content.
set(empty_fatbin ${CMAKE_BINARY_DIR}/fatbin/empty.fatbin)
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/fatbin/empty.csv CONTENT "architecture,kernel,registers,stack,spilled,shared\n")
add_custom_command(OUTPUT ${empty_fatbin}
  COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/fatbin
  COMMAND printf "\\120\\355\\125\\272\\001\\000\\020\\000\\000\\000\\000\\000\\000\\000\\000\\000" > ${empty_fatbin} VERBATIM)

list(JOIN kernels_architectures "," architectures)
file(CONFIGURE OUTPUT ${resources}/kernels.properties @ONLY CONTENT
"architectures=@architectures@
ptx=@kernels_ptx@
compiler=@kernels_compiler@
version=@SEPARABLE_VERSION@
")
add_custom_target(fatbin_resource ALL
  COMMAND ${CMAKE_COMMAND} -E copy_if_different ${kernels_fatbin} ${resources}/kernels.fatbin
  COMMAND ${CMAKE_COMMAND} -E copy_if_different ${kernels_table} ${resources}/kernels.csv
  DEPENDS ${kernels_fatbin} ${kernels_table} VERBATIM)
