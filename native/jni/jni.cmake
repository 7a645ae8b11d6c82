# What JCuda lacks: libseparable_jni.so, for the ranges of `--profile` and the nodes of captured graphs. Needs the JDK's headers and nothing of CUDA.

set(SEPARABLE_JAVA_HOME "$ENV{JAVA_HOME}" CACHE PATH "JDK whose include/jni.h is used")
find_path(jni_headers jni.h HINTS ${SEPARABLE_JAVA_HOME}/include PATHS /usr/lib/jvm/default-java/include REQUIRED)

add_library(separable_jni SHARED ${PROJECT_SOURCE_DIR}/native/jni/nvtx.cpp ${PROJECT_SOURCE_DIR}/native/jni/graph_nodes.cpp)
set_target_properties(separable_jni PROPERTIES CXX_STANDARD 20 LIBRARY_OUTPUT_DIRECTORY ${resources})
target_include_directories(separable_jni PRIVATE ${jni_headers} ${jni_headers}/linux)
target_compile_options(separable_jni PRIVATE ${emulator_flags} ${no_paths})
target_link_options(separable_jni PRIVATE -Wl,--no-undefined)
target_link_libraries(separable_jni PRIVATE ${CMAKE_DL_LIBS})
