// The three things that ironlearn-gpu asks of cuBLAS, from their documentation, for the emulated device.

enum { SUCCESS = 0, INVALID_VALUE = 7, NO_TRANSPOSE = 0, LOWER = 0 };
static char token;

// Element (row, col) of op(A), whose columns are `leading` apart.
static double at(const double *a, int operation, int leading, long long row, long long col) {
    return operation == NO_TRANSPOSE ? a[row + col * leading] : a[col + row * leading];
}

extern "C" {
int cublasCreate_v2(void **handle) { *handle = &token; return SUCCESS; }
int cublasDestroy_v2(void *) { return SUCCESS; }
int cublasSetStream_v2(void *, void *) { return SUCCESS; }

// C <- alpha*op(A)*op(B) + beta*C for each matrix of the batch.
int cublasDgemmStridedBatched(void *, int ta, int tb, int m, int n, int k, const double *alpha, const double *a, int lda,
                              long long stride_a, const double *b, int ldb, long long stride_b, const double *beta,
                              double *c, int ldc, long long stride_c, int count) {
    if (lda < (ta == NO_TRANSPOSE ? m : k) || ldb < (tb == NO_TRANSPOSE ? k : n) || ldc < m) return INVALID_VALUE;
    for (int g = 0; g < count; g++, a += stride_a, b += stride_b, c += stride_c) {
        for (int j = 0; j < n; j++) {
            for (int i = 0; i < m; i++) {
                double sum = 0.0;
                for (int l = 0; l < k; l++) sum += at(a, ta, lda, i, l) * at(b, tb, ldb, l, j);
                c[i + (long long)j * ldc] = *alpha * sum + (*beta == 0.0 ? 0.0 : *beta * c[i + (long long)j * ldc]);
            }
        }
    }
    return SUCCESS;
}

// C <- alpha*op(A)*op(A)^T + beta*C in one triangle of C (n x n), op(A) of n x k.
int cublasDsyrk_v2(void *, int triangle, int operation, int n, int k, const double *alpha, const double *a, int lda,
                   const double *beta, double *c, int ldc) {
    if (lda < (operation == NO_TRANSPOSE ? n : k) || ldc < n) return INVALID_VALUE;
    for (int j = 0; j < n; j++) {
        for (int i = 0; i < n; i++) {
            if (triangle == LOWER ? i < j : i > j) continue;
            double sum = 0.0;
            for (int l = 0; l < k; l++) sum += at(a, operation, lda, i, l) * at(a, operation, lda, j, l);
            double &out = c[i + (long long)j * ldc];
            out = *alpha * sum + (*beta == 0.0 ? 0.0 : *beta * out);
        }
    }
    return SUCCESS;
}
}
