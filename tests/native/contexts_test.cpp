// Several contexts: what belongs to which, and what goes with one.
#include "cases.h"
#include "driver.h"

namespace {

enum : int { CONTEXT = 1, MEMORY_TYPE = 2, RANGE_START = 11, RANGE_SIZE = 12 };

unsigned long long id_of(CUcontext context) {
    unsigned long long id = 0;
    OK(cuCtxGetId(context, &id));
    return id;
}

}  // namespace

TEST(context_made_again_has_another_number) {
    OK(cuInit(0));
    CUcontext first = nullptr, second = nullptr;
    OK(cuCtxCreate_v2(&first, 0, 0));
    const unsigned long long number = id_of(first);
    OK(cuCtxDestroy_v2(first));
    OK(cuCtxCreate_v2(&second, 0, 0));
    EXPECT(id_of(second) != number);
    OK(cuCtxDestroy_v2(second));
}

TEST(memory_and_streams_know_their_context) {
    OK(cuInit(0));
    CUcontext first = nullptr, second = nullptr, owner = nullptr;
    CUdeviceptr memory = 0;
    CUstream stream = nullptr;
    OK(cuCtxCreate_v2(&first, 0, 0));
    OK(cuMemAlloc_v2(&memory, 100));
    OK(cuStreamCreate(&stream, 0));
    OK(cuCtxCreate_v2(&second, 0, 0));
    OK(cuPointerGetAttribute(&owner, CONTEXT, memory));
    EXPECT(owner == first);
    OK(cuStreamGetCtx(stream, &owner));
    EXPECT(owner == first);
    OK(cuStreamGetCtx(nullptr, &owner));
    EXPECT(owner == second);
}

TEST(any_address_may_be_asked_about) {
    TestDevice device;
    DeviceArray<float> memory(25);
    CUcontext owner = nullptr;
    unsigned type = 7;
    unsigned long long start = 7;
    size_t bytes = 7;
    int attributes[] = {CONTEXT, MEMORY_TYPE, RANGE_START, RANGE_SIZE};
    void* answers[] = {&owner, &type, &start, &bytes};
    int on_the_stack = 0;
    OK(cuPointerGetAttributes(4, attributes, answers, reinterpret_cast<CUdeviceptr>(&on_the_stack)));
    EXPECT(owner == nullptr && type == 0 && start == 0 && bytes == 0);
    OK(cuPointerGetAttributes(4, attributes, answers, memory.pointer() + 4));
    EXPECT(owner != nullptr && type == 2 && start == memory.pointer() && bytes == 100);
}

TEST(context_takes_with_it_what_was_made_in_it) {
    OK(cuInit(0));
    CUcontext first = nullptr, second = nullptr;
    CUdeviceptr kept = 0, lost = 0;
    CUstream stream = nullptr;
    size_t before = 0, after = 0, total = 0;
    OK(cuCtxCreate_v2(&first, 0, 0));
    OK(cuMemAlloc_v2(&kept, 64));
    OK(cuMemGetInfo_v2(&before, &total));
    OK(cuCtxCreate_v2(&second, 0, 0));
    OK(cuMemAlloc_v2(&lost, 4096));
    OK(cuStreamCreate(&stream, 0));
    OK(cuCtxDestroy_v2(second));
    OK(cuMemGetInfo_v2(&after, &total));
    EXPECT(after == before);
    EXPECT_CODE(cuStreamSynchronize(stream), CUDA_ERROR_INVALID_HANDLE);
    OK(cuMemFree_v2(kept));
}
