//! What ends a command early, and with which exit code.

use ironlearn::linalg;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub enum Failure {
    /// The command itself is wrong: an unknown option, model or parameter. Exit code 2.
    Usage(String),
    /// The data, the model or the machine does not allow it. Exit code 1.
    Failed(String),
    /// Ctrl-C. Exit code 130.
    Interrupted,
    /// Whoever read the output has gone: nothing is left to do, and nothing to say. Exit code 0.
    NoReader,
    /// An internal error that has been reported. Exit code 1.
    Told,
}

impl Failure {
    /// The exit code of the process.
    pub fn exit_code(&self) -> u8 {
        match self {
            Failure::NoReader => 0,
            Failure::Failed(_) | Failure::Told => 1,
            Failure::Usage(_) => 2,
            Failure::Interrupted => 130,
        }
    }

    /// What to tell the user, in one line.
    pub fn message(&self) -> Option<String> {
        match self {
            Failure::Usage(message) | Failure::Failed(message) => {
                Some(message.split_whitespace().collect::<Vec<_>>().join(" "))
            }
            Failure::Interrupted => Some("interrupted".into()),
            Failure::NoReader | Failure::Told => None,
        }
    }
}

impl From<ironlearn::Error> for Failure {
    fn from(error: ironlearn::Error) -> Self {
        match error {
            ironlearn::Error::Linalg(linalg::Error::Interrupted) => Failure::Interrupted,
            ironlearn::Error::Parameter { .. } | ironlearn::Error::Parameters(_) => Failure::Usage(error.to_string()),
            other => Failure::Failed(other.to_string()),
        }
    }
}

impl From<linalg::Error> for Failure {
    fn from(error: linalg::Error) -> Self {
        ironlearn::Error::from(error).into()
    }
}

impl From<ironlearn_datasets::Error> for Failure {
    fn from(error: ironlearn_datasets::Error) -> Self {
        Failure::Failed(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_exit_code_and_one_line() {
        let interrupted = Failure::from(ironlearn::Error::from(linalg::Error::Interrupted));
        assert_eq!(interrupted.exit_code(), 130);
        let usage = Failure::from(ironlearn::Error::Parameters("two\n  lines".into()));
        assert_eq!((usage.exit_code(), usage.message().unwrap().as_str()), (2, "two lines"));
        assert_eq!(Failure::from(ironlearn::Error::Input(String::new())).exit_code(), 1);
        assert!(Failure::NoReader.message().is_none() && Failure::NoReader.exit_code() == 0);
    }
}
