//! The binary `ironlearn`.

fn main() -> std::process::ExitCode {
    ironlearn_cli::main()
}
