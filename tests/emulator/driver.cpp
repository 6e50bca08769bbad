// A CUDA driver of one device that is this machine's CPU: as much of the driver's interface as ironlearn-gpu uses.
//
// With it the whole Rust side runs in tests without a GPU: sizes, copies, launch configurations and arguments, and the
// kernels themselves, which are compiled into this library. Memory has guards on both sides, checked when it is freed.
#include "block.h"
#include <map>
#include <mutex>
#include <string>
#include <tuple>

namespace matmul_file {
#include "matmul.cu"
}
namespace nearest_file {
#include "nearest.cu"
}
namespace pack_file {
#include "pack.cu"
}
namespace segment_sum_file {
#include "segment_sum.cu"
}
namespace sum_parts_file {
#include "sum_parts.cu"
}

using Kernel = std::function<void(dim3, dim3, void **)>;

// The kernel's arguments come as an array of pointers to them, in their order.
template <typename... A, size_t... I>
static Kernel adapt(void (*kernel)(A...), std::index_sequence<I...>) {
    return [kernel](dim3 grid, dim3 block, void **arguments) {
        auto values = std::make_tuple(*static_cast<A *>(arguments[I])...);
        emulator::launch(grid, block, [&] { std::apply(kernel, values); });
    };
}

template <typename... A>
static Kernel adapt(void (*kernel)(A...)) { return adapt(kernel, std::index_sequence_for<A...>{}); }

static std::map<std::string, Kernel> kernels = {
#define KERNEL(file, name) {#name, adapt(file##_file::name)}
    KERNEL(matmul, matmul_f32),           KERNEL(matmul, matmul_f64),           KERNEL(matmul, matmul_t_f32),
    KERNEL(matmul, matmul_t_f64),         KERNEL(nearest, nearest_f32),         KERNEL(nearest, nearest_f64),
    KERNEL(nearest, settle_f32),          KERNEL(nearest, settle_f64),          KERNEL(nearest, distance_f32),
    KERNEL(nearest, distance_f64),        KERNEL(pack, pack_f32),               KERNEL(pack, pack_f64),
    KERNEL(segment_sum, segment_sum_f32), KERNEL(segment_sum, segment_sum_f64), KERNEL(sum_parts, sum_parts),
};

enum { SUCCESS = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, NOT_FOUND = 500 };
using Pointer = unsigned long long;

static const size_t GUARD = 256;
static const unsigned char MARK = 0xA5;
static const size_t MEMORY = 1ull << 32;
static std::map<Pointer, size_t> allocations;
static size_t used = 0;
static char token; // what handles point to
static std::mutex device; // one call at a time: fibres and allocations are global
#define ONE_AT_A_TIME std::lock_guard<std::mutex> lock(device)

static void check_guards(Pointer at, size_t size) {
    const unsigned char *memory = (const unsigned char *)at;
    for (size_t i = 0; i < GUARD; i++) {
        if (memory[-1 - (long)i] != MARK || memory[size + i] != MARK) {
            fprintf(stderr, "emulated device: a kernel or a copy wrote outside an allocation of %zu bytes\n", size);
            abort();
        }
    }
}

// Whether all of [at, at + size) belongs to one allocation.
static bool owned(Pointer at, size_t size) {
    auto next = allocations.upper_bound(at);
    if (next == allocations.begin()) return false;
    auto found = std::prev(next);
    return at + size <= found->first + found->second;
}

extern "C" {
int cuInit(unsigned) { return SUCCESS; }
int cuGetErrorName(int, const char **text) { *text = "EMULATED_ERROR"; return SUCCESS; }
int cuGetErrorString(int code, const char **text) {
    *text = code == OUT_OF_MEMORY ? "out of memory" : code == NOT_FOUND ? "named symbol not found" : "invalid argument";
    return SUCCESS;
}
int cuDeviceGet(int *device, int ordinal) { *device = ordinal; return ordinal == 0 ? SUCCESS : INVALID_VALUE; }
int cuDeviceGetCount(int *count) { *count = 1; return SUCCESS; }
int cuDeviceGetName(char *name, int length, int) { snprintf(name, length, "CPU (emulated)"); return SUCCESS; }
int cuDeviceGetAttribute(int *value, int attribute, int) {
    *value = attribute == 75 ? 9 : 0; // compute capability 9.0, no memory pools
    return SUCCESS;
}
int cuDevicePrimaryCtxRetain(void **context, int) { *context = &token; return SUCCESS; }
int cuDevicePrimaryCtxRelease_v2(int) { return SUCCESS; }
int cuCtxSetCurrent(void *) { return SUCCESS; }
int cuCtxGetCurrent(void **context) { *context = &token; return SUCCESS; }
int cuStreamSynchronize(void *) { return SUCCESS; }
int cuStreamWaitEvent(void *, void *, unsigned) { return SUCCESS; }
int cuEventCreate(void **event, unsigned) { *event = &token; return SUCCESS; }
int cuEventRecord(void *, void *) { return SUCCESS; }
int cuEventDestroy_v2(void *) { return SUCCESS; }
int cuMemGetInfo_v2(size_t *available, size_t *total) {
    *available = MEMORY - used;
    *total = MEMORY;
    return SUCCESS;
}
int cuMemAlloc_v2(Pointer *at, size_t size) {
    ONE_AT_A_TIME;
    if (size == 0) return INVALID_VALUE;
    if (size > MEMORY - used) return OUT_OF_MEMORY;
    unsigned char *memory = (unsigned char *)malloc(size + 2 * GUARD);
    memset(memory, MARK, size + 2 * GUARD);
    *at = (Pointer)(memory + GUARD);
    allocations[*at] = size;
    used += size;
    return SUCCESS;
}
int cuMemFree_v2(Pointer at) {
    ONE_AT_A_TIME;
    auto found = allocations.find(at);
    if (found == allocations.end()) return INVALID_VALUE;
    check_guards(at, found->second);
    used -= found->second;
    allocations.erase(found);
    free((char *)at - GUARD);
    return SUCCESS;
}
int cuMemsetD8Async(Pointer at, unsigned char value, size_t size, void *) {
    ONE_AT_A_TIME;
    if (!owned(at, size)) return INVALID_VALUE;
    memset((void *)at, value, size);
    return SUCCESS;
}
int cuMemcpyHtoDAsync_v2(Pointer to, const void *from, size_t size, void *) {
    ONE_AT_A_TIME;
    if (!owned(to, size)) return INVALID_VALUE;
    memcpy((void *)to, from, size);
    return SUCCESS;
}
int cuMemcpyDtoHAsync_v2(void *to, Pointer from, size_t size, void *) {
    ONE_AT_A_TIME;
    if (!owned(from, size)) return INVALID_VALUE;
    memcpy(to, (void *)from, size);
    return SUCCESS;
}
int cuModuleLoadData(void **module, const void *image) {
    *module = &token;
    return image ? SUCCESS : INVALID_VALUE;
}
int cuModuleUnload(void *) { return SUCCESS; }
int cuModuleGetFunction(void **function, void *, const char *name) {
    auto found = kernels.find(name);
    if (found == kernels.end()) return NOT_FOUND;
    *function = &found->second;
    return SUCCESS;
}
int cuLaunchKernel(void *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                   unsigned, void *, void **arguments, void **) {
    ONE_AT_A_TIME;
    size_t threads = (size_t)bx * by * bz;
    if (threads == 0 || threads > 1024 || gx == 0 || gy == 0 || gz == 0 || gy > 65535 || gz > 65535)
        return INVALID_VALUE;
    (*static_cast<Kernel *>(function))({gx, gy, gz}, {bx, by, bz}, arguments);
    return SUCCESS;
}
}
