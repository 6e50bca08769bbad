// Runs CUDA C++ on the CPU: one thread block at a time, each of its threads a fibre.
//
// A fibre runs until it ends or reaches __syncthreads(), which hands over to the next; a block is done when all its
// fibres are. Since blocks follow each other, a static variable serves as shared memory. What it does not show: races
// between barriers, and anything about speed.
#pragma once
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <ucontext.h>
#include <vector>

struct dim3 { unsigned int x, y, z; };

namespace emulator {

struct Fibre {
    ucontext_t context;
    std::vector<char> stack;
    dim3 thread;
    bool done;
};

inline Fibre *current;
inline ucontext_t scheduler;
inline const std::function<void()> *body;
inline dim3 block_index, block_size, grid_size;

inline void enter() {
    (*body)();
    current->done = true;
    swapcontext(&current->context, &scheduler);
}

inline void barrier() { swapcontext(&current->context, &scheduler); }

inline void run_block(std::vector<Fibre> &fibres) {
    size_t left = fibres.size();
    for (size_t i = 0; i < fibres.size(); i++) {
        Fibre &fibre = fibres[i];
        fibre.stack.resize(64 << 10);
        fibre.done = false;
        fibre.thread = {(unsigned)(i % block_size.x), (unsigned)(i / block_size.x % block_size.y),
                        (unsigned)(i / block_size.x / block_size.y)};
        getcontext(&fibre.context);
        fibre.context.uc_stack.ss_sp = fibre.stack.data();
        fibre.context.uc_stack.ss_size = fibre.stack.size();
        fibre.context.uc_link = nullptr;
        makecontext(&fibre.context, enter, 0);
    }
    while (left > 0) {
        for (Fibre &fibre : fibres) {
            if (fibre.done) continue;
            current = &fibre;
            swapcontext(&scheduler, &fibre.context);
            left -= fibre.done;
        }
    }
}

inline void launch(dim3 grid, dim3 block, const std::function<void()> &kernel) {
    std::vector<Fibre> fibres((size_t)block.x * block.y * block.z);
    body = &kernel;
    grid_size = grid;
    block_size = block;
    for (block_index.z = 0; block_index.z < grid.z; block_index.z++)
        for (block_index.y = 0; block_index.y < grid.y; block_index.y++)
            for (block_index.x = 0; block_index.x < grid.x; block_index.x++) run_block(fibres);
}

} // namespace emulator

#define __global__
#define __device__
#define __shared__ static
#define __syncthreads() emulator::barrier()
#define threadIdx (emulator::current->thread)
#define blockIdx (emulator::block_index)
#define blockDim (emulator::block_size)
#define gridDim (emulator::grid_size)
