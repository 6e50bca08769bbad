// X*B (n x t) and the partial sums of X^T*R (p x t), in f64 whatever X is.

const int SIDE = 16;

// One thread an element of the result; it adds up the columns in their order, so a row's result does not depend on
// which rows are around it.
template <typename T>
__device__ void matmul(const T *x, const double *b, long long n, long long p, long long t, double *out) {
    __shared__ double xs[SIDE][SIDE + 1];
    __shared__ double bs[SIDE][SIDE + 1];
    int tx = threadIdx.x, ty = threadIdx.y;
    long long row = (long long)blockIdx.x * SIDE + ty, col = (long long)blockIdx.y * SIDE + tx;
    double sum = 0.0;
    for (long long start = 0; start < p; start += SIDE) {
        xs[ty][tx] = row < n && start + tx < p ? (double)x[row * p + start + tx] : 0.0;
        bs[ty][tx] = start + ty < p && col < t ? b[(start + ty) * t + col] : 0.0;
        __syncthreads();
        for (int j = 0; j < SIDE; j++) sum = fma(xs[ty][j], bs[j][tx], sum);
        __syncthreads();
    }
    if (row < n && col < t) out[row * t + col] = sum;
}

extern "C" __global__ void matmul_f32(const float *x, const double *b, long long n, long long p, long long t,
                                      double *out) {
    matmul(x, b, n, p, t, out);
}

extern "C" __global__ void matmul_f64(const double *x, const double *b, long long n, long long p, long long t,
                                      double *out) {
    matmul(x, b, n, p, t, out);
}

const int TARGETS = 8;

// One thread a column of X, for a group of rows (blockIdx.y) and up to 8 columns of R (blockIdx.z).
template <typename T>
__device__ void matmul_t(const T *x, const double *r, long long n, long long p, long long t, long long group_rows,
                         double *parts) {
    long long j = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    long long group = blockIdx.y, target = (long long)blockIdx.z * TARGETS;
    if (j >= p) return;
    int targets = (int)(t - target < TARGETS ? t - target : TARGETS);
    double sums[TARGETS] = {0.0};
    long long end = (group + 1) * group_rows < n ? (group + 1) * group_rows : n;
    for (long long i = group * group_rows; i < end; i++) {
        double value = (double)x[i * p + j];
        for (int k = 0; k < TARGETS; k++) {
            if (k < targets) sums[k] = fma(value, r[i * t + target + k], sums[k]);
        }
    }
    for (int k = 0; k < TARGETS; k++) {
        if (k < targets) parts[(group * p + j) * t + target + k] = sums[k];
    }
}

extern "C" __global__ void matmul_t_f32(const float *x, const double *r, long long n, long long p, long long t,
                                        long long group_rows, double *parts) {
    matmul_t(x, r, n, p, t, group_rows, parts);
}

extern "C" __global__ void matmul_t_f64(const double *x, const double *r, long long n, long long p, long long t,
                                        long long group_rows, double *parts) {
    matmul_t(x, r, n, p, t, group_rows, parts);
}
