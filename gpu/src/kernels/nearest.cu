// The nearest centre of each row: distance and argmin in one pass, so the n x k distances never exist.
//
// Three kernels. `nearest` compares |c|^2 - 2*x*c in X's own type, by tiles of 64 rows and 64 centres in shared
// memory, and marks the rows whose two best centres lie closer together than rounding can tell apart. `settle`
// decides those by the sum of squared differences in f64, the first of equal ones. `distance` writes that sum for
// the centre chosen. The comparisons are exact minima, so the result does not depend on the order of threads.

const int SIDE = 16;          // threads a side of a block
const int EACH = 4;           // rows and centres a thread
const int TILE = SIDE * EACH; // rows and centres a block
const int DEPTH = 16;         // columns a step

__device__ inline float multiply_add(float a, float b, float c) { return fmaf(a, b, c); }
__device__ inline double multiply_add(double a, double b, double c) { return fma(a, b, c); }

// `unit` is half the distance from 1 to the next number of T, `least` its smallest normal number, `reach` the
// largest norm of a centre. A score is wrong by at most `slack` below (dot products of p terms: Higham 2002, ch. 3).
template <typename T>
__device__ void nearest(const T *x, const T *centers, const T *norms, double reach, double unit, double least,
                        long long n, long long p, long long k, unsigned int *labels, unsigned char *unsure) {
    __shared__ T xs[DEPTH][TILE + 1];
    __shared__ T cs[DEPTH][TILE + 1];
    __shared__ T best_of[TILE][SIDE];
    __shared__ T second_of[TILE][SIDE];
    __shared__ unsigned int label_of[TILE][SIDE];
    int tx = threadIdx.x, ty = threadIdx.y, thread = ty * SIDE + tx;
    long long first = (long long)blockIdx.x * TILE;
    const T INFINITE = (T)(1.0 / 0.0);

    T best[EACH], second[EACH], square[EACH];
    unsigned int label[EACH];
    for (int a = 0; a < EACH; a++) {
        best[a] = second[a] = INFINITE;
        square[a] = (T)0;
        label[a] = 0;
    }
    for (long long center = 0; center < k; center += TILE) {
        T dots[EACH][EACH];
        for (int a = 0; a < EACH; a++) {
            for (int b = 0; b < EACH; b++) dots[a][b] = (T)0;
        }
        for (long long start = 0; start < p; start += DEPTH) {
            for (int e = thread; e < TILE * DEPTH; e += SIDE * SIDE) {
                int line = e / DEPTH, j = e % DEPTH;
                bool inside = start + j < p;
                xs[j][line] = inside && first + line < n ? x[(first + line) * p + start + j] : (T)0;
                cs[j][line] = inside && center + line < k ? centers[(center + line) * p + start + j] : (T)0;
            }
            __syncthreads();
            for (int j = 0; j < DEPTH; j++) {
                for (int a = 0; a < EACH; a++) {
                    T value = xs[j][ty + SIDE * a];
                    if (center == 0) square[a] = multiply_add(value, value, square[a]);
                    for (int b = 0; b < EACH; b++) {
                        dots[a][b] = multiply_add(value, cs[j][tx + SIDE * b], dots[a][b]);
                    }
                }
            }
            __syncthreads();
        }
        for (int b = 0; b < EACH; b++) {
            long long c = center + tx + SIDE * b;
            if (c >= k) continue;
            for (int a = 0; a < EACH; a++) {
                T score = multiply_add((T)-2, dots[a][b], norms[c]);
                if (score < best[a]) {
                    second[a] = best[a];
                    best[a] = score;
                    label[a] = (unsigned int)c;
                } else if (score < second[a]) {
                    second[a] = score;
                }
            }
        }
    }
    for (int a = 0; a < EACH; a++) {
        best_of[ty + SIDE * a][tx] = best[a];
        second_of[ty + SIDE * a][tx] = second[a];
        label_of[ty + SIDE * a][tx] = label[a];
    }
    __syncthreads();
    // The 16 threads of a row hold the same sum of squares; the first of them combines their candidates.
    if (tx > 0) return;
    for (int a = 0; a < EACH; a++) {
        int line = ty + SIDE * a;
        if (first + line >= n) continue;
        for (int other = 1; other < SIDE; other++) {
            T score = best_of[line][other], runner = second_of[line][other];
            T loser = score < best[a] ? best[a] : score;
            if (score < best[a] || (score == best[a] && label_of[line][other] < label[a])) {
                best[a] = score;
                label[a] = label_of[line][other];
            }
            T next = loser < runner ? loser : runner;
            second[a] = next < second[a] ? next : second[a];
        }
        double length = sqrt((double)square[a]);
        double terms = 2.0 * (double)p + 20.0;
        double slack = unit * (terms * length * reach + 10.0 * reach * reach) + terms * least;
        labels[first + line] = label[a];
        // Written so that infinities and NaN are unsure too.
        unsure[first + line] = k > 1 && !((double)second[a] - (double)best[a] > 4.0 * slack);
    }
}

extern "C" __global__ void nearest_f32(const float *x, const float *centers, const float *norms, double reach,
                                       double unit, double least, long long n, long long p, long long k,
                                       unsigned int *labels, unsigned char *unsure) {
    nearest(x, centers, norms, reach, unit, least, n, p, k, labels, unsure);
}

extern "C" __global__ void nearest_f64(const double *x, const double *centers, const double *norms, double reach,
                                       double unit, double least, long long n, long long p, long long k,
                                       unsigned int *labels, unsigned char *unsure) {
    nearest(x, centers, norms, reach, unit, least, n, p, k, labels, unsure);
}

template <typename T>
__device__ double squared_distance(const T *row, const double *center, long long p) {
    double sum = 0.0;
    for (long long j = 0; j < p; j++) {
        double difference = (double)row[j] - center[j];
        sum += difference * difference;
    }
    return sum;
}

const int SETTLERS = 128;

template <typename T>
__device__ void settle(const T *x, const double *centers, long long n, long long p, long long k,
                       const unsigned char *unsure, unsigned int *labels) {
    __shared__ double best_of[SETTLERS];
    __shared__ unsigned int label_of[SETTLERS];
    int thread = threadIdx.x;
    for (long long i = blockIdx.x; i < n; i += gridDim.x) {
        if (!unsure[i]) continue; // the same for the whole block
        double best = 1.0 / 0.0;
        unsigned int label = 0;
        for (long long c = thread; c < k; c += SETTLERS) {
            double square = squared_distance(x + i * p, centers + c * p, p);
            if (square < best) {
                best = square;
                label = (unsigned int)c;
            }
        }
        best_of[thread] = best;
        label_of[thread] = label;
        __syncthreads();
        if (thread == 0) {
            for (int other = 1; other < SETTLERS; other++) {
                double square = best_of[other];
                if (square < best || (square == best && label_of[other] < label)) {
                    best = square;
                    label = label_of[other];
                }
            }
            labels[i] = label;
        }
        __syncthreads();
    }
}

extern "C" __global__ void settle_f32(const float *x, const double *centers, long long n, long long p, long long k,
                                      const unsigned char *unsure, unsigned int *labels) {
    settle(x, centers, n, p, k, unsure, labels);
}

extern "C" __global__ void settle_f64(const double *x, const double *centers, long long n, long long p, long long k,
                                      const unsigned char *unsure, unsigned int *labels) {
    settle(x, centers, n, p, k, unsure, labels);
}

template <typename T>
__device__ void distance(const T *x, const double *centers, const unsigned int *labels, long long n, long long p,
                         double *out) {
    long long step = (long long)gridDim.x * blockDim.x;
    for (long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x; i < n; i += step) {
        out[i] = squared_distance(x + i * p, centers + (long long)labels[i] * p, p);
    }
}

extern "C" __global__ void distance_f32(const float *x, const double *centers, const unsigned int *labels,
                                        long long n, long long p, double *out) {
    distance(x, centers, labels, n, p, out);
}

extern "C" __global__ void distance_f64(const double *x, const double *centers, const unsigned int *labels,
                                        long long n, long long p, double *out) {
    distance(x, centers, labels, n, p, out);
}
