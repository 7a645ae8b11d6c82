// The kinds of a captured graph's nodes for separable.device.GraphTemplate. The driver is the one that JCuda has loaded: it is looked
// for by the same name, and nothing here is linked against it.
#include <dlfcn.h>
#include <jni.h>

#include <vector>

namespace {

enum : int { NOT_FOUND = 500 };  // CUDA_ERROR_NOT_FOUND

template <class Function> Function driver_call(const char* name) {
    static void* const driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
    return reinterpret_cast<Function>(driver == nullptr ? nullptr : dlsym(driver, name));
}

// The CUgraphNodeType of each node into `kinds`, which has room for all.
int list(void* graph, std::vector<jint>& kinds) {
    const auto get_nodes = driver_call<int (*)(void*, void**, size_t*)>("cuGraphGetNodes");
    const auto get_type = driver_call<int (*)(void*, int*)>("cuGraphNodeGetType");
    if (get_nodes == nullptr || get_type == nullptr) return NOT_FOUND;
    std::vector<void*> nodes(kinds.size());
    size_t count = nodes.size();
    if (const int failed = get_nodes(graph, nodes.data(), &count); failed != 0) return failed;
    for (size_t i = 0; i < count; ++i)
        if (const int failed = get_type(nodes[i], &kinds[i]); failed != 0) return failed;
    return 0;
}

}  // namespace

extern "C" JNIEXPORT jint JNICALL Java_separable_device_GraphTemplate_kinds(JNIEnv* env, jclass, jlong graph, jintArray kinds) {
    std::vector<jint> values(size_t(env->GetArrayLength(kinds)));
    const int result = list(reinterpret_cast<void*>(graph), values);
    if (result == 0) env->SetIntArrayRegion(kinds, 0, jsize(values.size()), values.data());
    return result;
}
