// Forms a tile of sqrt(w)*[X - s, y - u, 1] in f64, from X in its own type.
//
// The tile is rows x cols, row by row, and starts at row `first` and column `first_col`. Columns below p are X's,
// the next t are y's, the one after them is all ones. Rows from n on are zero, so that tiles can be padded.

template <typename T>
__device__ void pack(const T *x, const double *y, const double *root, const double *shift, int weighted, long long n,
                     long long p, long long t, long long first, long long rows, long long first_col, long long cols,
                     double *z) {
    long long step = (long long)gridDim.x * blockDim.x;
    for (long long e = (long long)blockIdx.x * blockDim.x + threadIdx.x; e < rows * cols; e += step) {
        long long i = first + e / cols, j = first_col + e % cols;
        double value = 0.0;
        if (i < n) {
            value = j < p ? (double)x[i * p + j] : j < p + t ? y[i * t + (j - p)] : 1.0;
            value -= shift[j];
            if (weighted) value *= root[i];
        }
        z[e] = value;
    }
}

extern "C" __global__ void pack_f32(const float *x, const double *y, const double *root, const double *shift,
                                    int weighted, long long n, long long p, long long t, long long first,
                                    long long rows, long long first_col, long long cols, double *z) {
    pack(x, y, root, shift, weighted, n, p, t, first, rows, first_col, cols, z);
}

extern "C" __global__ void pack_f64(const double *x, const double *y, const double *root, const double *shift,
                                    int weighted, long long n, long long p, long long t, long long first,
                                    long long rows, long long first_col, long long cols, double *z) {
    pack(x, y, root, shift, weighted, n, p, t, first, rows, first_col, cols, z);
}
