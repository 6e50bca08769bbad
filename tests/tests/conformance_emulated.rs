//! The conformance suite on the CUDA backend, with this machine's CPU as its device: no GPU needed.

ironlearn_tests::conformance!(on_emulated_cuda);
