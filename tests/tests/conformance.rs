//! The conformance suite on the CPU and, where there is one, on a CUDA device.

ironlearn_tests::conformance!(on_every_backend);
