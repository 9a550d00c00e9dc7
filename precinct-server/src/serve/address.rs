//! Where a server listens.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// `HOST:PORT`, in clear or with TLS if there is a certificate.
    Tcp(String),
    /// A Unix socket (`unix://PATH`).
    Unix(PathBuf),
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix://") {
            return Ok(Self::Unix(PathBuf::from(path)));
        }
        let plain = text
            .strip_prefix("http://")
            .or_else(|| text.strip_prefix("https://"))
            .unwrap_or(text);
        let plain = plain.trim_end_matches('/');
        if let Some(port) = plain.strip_prefix(':') {
            return Ok(Self::Tcp(format!("0.0.0.0:{port}")));
        }
        if !plain.contains(':') {
            return Err(format!("expected HOST:PORT or unix://PATH, found {text:?}"));
        }
        Ok(Self::Tcp(plain.to_owned()))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => f.write_str(address),
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_opa_reads_them() {
        let tcp = |text: &str| Ok(Address::Tcp(text.to_owned()));
        assert_eq!("localhost:8181".parse(), tcp("localhost:8181"));
        assert_eq!(":8181".parse(), tcp("0.0.0.0:8181"));
        assert_eq!("http://127.0.0.1:1/".parse(), tcp("127.0.0.1:1"));
        assert_eq!(
            "unix:///run/p.sock".parse(),
            Ok(Address::Unix("/run/p.sock".into()))
        );
        assert!("8181".parse::<Address>().is_err());
    }
}
