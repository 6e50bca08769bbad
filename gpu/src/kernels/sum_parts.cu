// Adds partial results in their order: out[e] += parts[0][e] + parts[1][e] + ...

extern "C" __global__ void sum_parts(const double *parts, long long count, long long size, double *out) {
    long long step = (long long)gridDim.x * blockDim.x;
    for (long long e = (long long)blockIdx.x * blockDim.x + threadIdx.x; e < size; e += step) {
        double sum = out[e];
        for (long long g = 0; g < count; g++) sum += parts[g * size + e];
        out[e] = sum;
    }
}
