//! A certificate authority of a test's own, as a company has one, and the certificates that it
//! signs; made by `openssl`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::cli::Ran;
use crate::scratch;

/// An authority that nobody knows but who is given its certificate.
#[derive(Debug)]
pub struct Authority {
    folder: TempDir,
}

/// A server's certificate, with its private key.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// The certificate, PEM.
    pub certificate: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
}

impl Authority {
    /// A new one.
    #[must_use]
    pub fn new() -> Self {
        let authority = Self {
            folder: scratch::folder(),
        };
        authority.openssl(&[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-keyout",
            "ca.key",
            "-out",
            "ca.pem",
            "-days",
            "2",
            "-subj",
            "/CN=Acme Authority",
            "-addext",
            "basicConstraints=critical,CA:TRUE",
        ]);
        authority
    }

    /// Its own certificate, PEM: what a person puts into `http.sslCAInfo`.
    #[must_use]
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// A certificate for these names, as openssl writes them: `DNS:localhost,IP:127.0.0.1`.
    #[must_use]
    pub fn issue(&self, names: &str) -> Certificate {
        self.issue_for(names, "2")
    }

    /// The same, valid until yesterday.
    #[must_use]
    pub fn issue_expired(&self, names: &str) -> Certificate {
        self.issue_for(names, "-1")
    }

    fn issue_for(&self, names: &str, days: &str) -> Certificate {
        let count = fs::read_dir(self.folder.path())
            .expect("it is ours")
            .count();
        let part = |what: &str| format!("server{count}.{what}");
        let (key, request, extensions) = (part("key"), part("csr"), part("ext"));
        let certificate = part("pem");
        fs::write(
            self.folder.path().join(&extensions),
            format!("subjectAltName={names}\n"),
        )
        .expect("a scratch folder can be written");
        self.openssl(&[
            "req",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-keyout",
            &key,
            "-out",
            &request,
            "-subj",
            "/CN=acme",
        ]);
        self.openssl(&[
            "x509",
            "-req",
            "-in",
            &request,
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-days",
            days,
            "-extfile",
            &extensions,
            "-out",
            &certificate,
        ]);
        Certificate {
            certificate: self.folder.path().join(certificate),
            key: self.folder.path().join(key),
        }
    }

    fn openssl(&self, arguments: &[&str]) {
        let mut command = Command::new("openssl");
        command.args(arguments).current_dir(self.folder.path());
        let _made = Ran::run(&mut command, "").done();
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl AsRef<Path> for Authority {
    fn as_ref(&self) -> &Path {
        self.folder.path()
    }
}
