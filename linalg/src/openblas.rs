//! The plain BLAS and LAPACK names on top of an OpenBLAS whose symbols bear the prefix `scipy_`.
//!
//! ndarray-linalg and cblas-sys call `dgemm_` and the like. Each of those becomes a hidden jump to its prefixed
//! twin, so that nothing here collides with another BLAS in the same process (NumPy's and SciPy's are two).

#[cfg(openblas_prefixed)]
macro_rules! jumps {
    ($($name:literal)*) => {
        $(
            #[cfg(target_arch = "x86_64")]
            core::arch::global_asm!(
                concat!(".globl ", $name),
                concat!(".hidden ", $name),
                concat!(".type ", $name, ", @function"),
                concat!($name, ": jmp *scipy_", $name, "@GOTPCREL(%rip)"),
                options(att_syntax),
            );
            #[cfg(target_arch = "aarch64")]
            core::arch::global_asm!(
                concat!(".globl ", $name),
                concat!(".hidden ", $name),
                concat!(".type ", $name, ", %function"),
                concat!($name, ": adrp x16, :got:scipy_", $name),
                concat!("ldr x16, [x16, :got_lo12:scipy_", $name, "]"),
                "br x16",
            );
        )*
    };
}

#[cfg(all(openblas_prefixed, not(any(target_arch = "x86_64", target_arch = "aarch64"))))]
compile_error!("scipy-openblas32 can be used on x86_64 and aarch64; set IRONLEARN_OPENBLAS_DIR to a plain OpenBLAS");

#[cfg(openblas_prefixed)]
jumps! {
    "cblas_caxpy" "cblas_cdotu_sub" "cblas_cgemm" "cblas_cgemv" "cblas_daxpy" "cblas_ddot" "cblas_dgemm"
    "cblas_dgemv" "cblas_dger" "cblas_dsyrk" "cblas_dtrsm" "cblas_saxpy" "cblas_sdot" "cblas_sgemm"
    "cblas_sgemv" "cblas_sger" "cblas_ssyrk" "cblas_strsm" "cblas_zaxpy" "cblas_zdotu_sub" "cblas_zgemm"
    "cblas_zgemv" "cgecon_" "cgeev_" "cgelqf_" "cgelsd_" "cgeqrf_" "cgesdd_" "cgesvd_" "cgetrf_" "cgetri_"
    "cgetrs_" "cgtcon_" "cgttrf_" "cgttrs_" "cheev_" "chegv_" "chetrf_" "chetri_" "chetrs_" "clange_"
    "cpotrf_" "cpotri_" "cpotrs_" "ctrtrs_" "cunglq_" "cungqr_" "dgecon_" "dgeev_" "dgelqf_" "dgelsd_"
    "dgemm_" "dgemv_" "dgeqrf_" "dgesdd_" "dgesvd_" "dgetrf_" "dgetri_" "dgetrs_" "dgtcon_" "dgttrf_"
    "dgttrs_" "dlange_" "dorglq_" "dorgqr_" "dpocon_" "dposv_" "dpotrf2_" "dpotrf_" "dpotri_" "dpotrs_"
    "dsyev_" "dsyevd_" "dsygv_" "dsyrk_" "dsytrf_" "dsytri_" "dsytrs_" "dtrsm_" "dtrtrs_"
    "openblas_get_config" "openblas_get_num_threads" "openblas_set_num_threads" "sgecon_" "sgeev_" "sgelqf_"
    "sgelsd_" "sgemm_" "sgeqrf_" "sgesdd_" "sgesvd_" "sgetrf_" "sgetri_" "sgetrs_" "sgtcon_" "sgttrf_"
    "sgttrs_" "slange_" "sorglq_" "sorgqr_" "spotrf_" "spotri_" "spotrs_" "ssyev_" "ssyevd_" "ssygv_"
    "ssytrf_" "ssytri_" "ssytrs_" "strtrs_" "zgecon_" "zgeev_" "zgelqf_" "zgelsd_" "zgeqrf_" "zgesdd_"
    "zgesvd_" "zgetrf_" "zgetri_" "zgetrs_" "zgtcon_" "zgttrf_" "zgttrs_" "zheev_" "zhegv_" "zhetrf_"
    "zhetri_" "zhetrs_" "zlange_" "zpotrf_" "zpotri_" "zpotrs_" "ztrtrs_" "zunglq_" "zungqr_"
}
