// What the weighted rows of each label add up to, less a shift, by groups of rows: sum of w*(x - shift).
//
// One thread owns one column of one group's k x (p + 1) partial result (the last column counts the weights) and adds
// its rows in their order: no atomics, so the same bits in every run. The partial results start at zero.

template <typename T>
__device__ void segment_sum(const T *x, const double *shift, const unsigned int *labels, const double *weights,
                            int weighted, long long n, long long p, long long k, long long group_rows, double *parts) {
    long long j = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    long long group = blockIdx.y;
    if (j > p) return;
    double *sums = parts + group * k * (p + 1) + j;
    long long end = (group + 1) * group_rows < n ? (group + 1) * group_rows : n;
    for (long long i = group * group_rows; i < end; i++) {
        long long label = labels[i];
        if (label >= k) continue;
        double value = j < p ? (double)x[i * p + j] - shift[j] : 1.0;
        sums[label * (p + 1)] += weighted ? weights[i] * value : value;
    }
}

extern "C" __global__ void segment_sum_f32(const float *x, const double *shift, const unsigned int *labels,
                                           const double *weights, int weighted, long long n, long long p,
                                           long long k, long long group_rows, double *parts) {
    segment_sum(x, shift, labels, weights, weighted, n, p, k, group_rows, parts);
}

extern "C" __global__ void segment_sum_f64(const double *x, const double *shift, const unsigned int *labels,
                                           const double *weights, int weighted, long long n, long long p,
                                           long long k, long long group_rows, double *parts) {
    segment_sum(x, shift, labels, weights, weighted, n, p, k, group_rows, parts);
}
