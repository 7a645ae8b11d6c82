// NVTX ranges for separable.device.Range. The library that makes them comes with the CUDA toolkit and may be missing, so it is
// looked for by name when somebody asks: up to CUDA 12 it is libnvToolsExt, since then libnvtx3interop.
#include <dlfcn.h>
#include <jni.h>

namespace {

int (*push)(const char*) = nullptr;
int (*pop)() = nullptr;

bool load(const char* name) {
    void* const library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) return false;
    push = reinterpret_cast<int (*)(const char*)>(dlsym(library, "nvtxRangePushA"));
    pop = reinterpret_cast<int (*)()>(dlsym(library, "nvtxRangePop"));
    return push != nullptr && pop != nullptr;
}

}  // namespace

extern "C" {

// Whether there is a library; the other two may be called only then.
JNIEXPORT jboolean JNICALL Java_separable_device_Range_load(JNIEnv*, jclass) {
    return load("libnvToolsExt.so.1") || load("libnvtx3interop.so.1") ? JNI_TRUE : JNI_FALSE;
}

JNIEXPORT void JNICALL Java_separable_device_Range_push(JNIEnv* env, jclass, jstring name) {
    const char* const text = env->GetStringUTFChars(name, nullptr);
    if (text == nullptr) return;  // out of memory, which Java hears of
    push(text);
    env->ReleaseStringUTFChars(name, text);
}

JNIEXPORT void JNICALL Java_separable_device_Range_pop(JNIEnv*, jclass) { pop(); }

}
