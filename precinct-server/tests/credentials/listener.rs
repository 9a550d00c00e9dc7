//! A server on this machine that writes down what it hears.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A request as it came.
#[derive(Clone, Debug, Default)]
pub struct Received {
    pub method: String,
    /// With the query.
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// The certificate that the client showed, DER.
    pub certificate: Option<Vec<u8>>,
}

impl Received {
    /// The values of a header.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let named = |given: &&(String, String)| given.0.eq_ignore_ascii_case(name);
        let found = self.headers.iter().filter(named);
        found.map(|(_, value)| value.as_str()).collect()
    }

    /// The value of a header, which must be there once at most.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.all(name);
        assert!(found.len() < 2, "{name}: {found:?}");
        found.first().copied()
    }

    /// The fields of a form.
    pub fn form(&self) -> Vec<(String, String)> {
        let text = String::from_utf8(self.body.clone()).unwrap();
        fields(&text)
    }
}

/// The fields of a query or a form.
pub fn fields(text: &str) -> Vec<(String, String)> {
    let decoded = |text: &str| {
        let text = text.replace('+', " ");
        let decoded = percent_encoding::percent_decode_str(&text);
        decoded.decode_utf8().unwrap().into_owned()
    };
    text.split('&')
        .map(|pair| pair.split_once('=').unwrap())
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

/// An answer: the status, and the body.
pub type Answer<B = String> = (u16, B);

/// A server on this machine.
pub struct Listener {
    /// Its address, without a slash at the end.
    pub url: String,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Listener {
    /// A server without TLS.
    pub fn plain<B: AsRef<[u8]>>(answer: impl Fn(&Received) -> Answer<B> + Send + 'static) -> Self {
        Self::begin(None, answer)
    }

    /// A server with TLS.
    pub fn tls(
        config: ServerConfig,
        answer: impl Fn(&Received) -> Answer + Send + 'static,
    ) -> Self {
        Self::begin(Some(Arc::new(config)), answer)
    }

    fn begin<B: AsRef<[u8]>>(
        tls: Option<Arc<ServerConfig>>,
        answer: impl Fn(&Received) -> Answer<B> + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}", listener.local_addr().unwrap());
        let received = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&received);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                // A client that breaks off is part of some tests.
                let _ = match &tls {
                    None => serve(stream, |_| None, &notes, &answer),
                    Some(config) => {
                        let connection = ServerConnection::new(Arc::clone(config)).unwrap();
                        let stream = StreamOwned::new(connection, stream);
                        serve(stream, shown, &notes, &answer)
                    }
                };
            }
        });
        Self { url, received }
    }

    /// What came until now.
    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// The only request that came.
    pub fn only(&self) -> Received {
        let received = self.received();
        assert_eq!(received.len(), 1, "{received:?}");
        received.into_iter().next().unwrap()
    }
}

fn shown(stream: &StreamOwned<ServerConnection, std::net::TcpStream>) -> Option<Vec<u8>> {
    let chain = stream.conn.peer_certificates()?;
    chain.first().map(|certificate| certificate.to_vec())
}

fn serve<S: Read + Write, B: AsRef<[u8]>>(
    stream: S,
    certificate: impl Fn(&S) -> Option<Vec<u8>>,
    notes: &Mutex<Vec<Received>>,
    answer: &impl Fn(&Received) -> Answer<B>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let mut request = Received {
        method: words.next().unwrap_or_default(),
        path: words.next().unwrap_or_default(),
        ..Received::default()
    };
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').unwrap();
        let header = (name.to_owned(), value.trim().to_owned());
        request.headers.push(header);
    }
    let length = request.header("content-length").map(str::parse);
    request.body = vec![0; length.transpose().unwrap().unwrap_or(0)];
    reader.read_exact(&mut request.body)?;
    request.certificate = certificate(reader.get_ref());
    let (status, body) = answer(&request);
    let body = body.as_ref();
    notes.lock().unwrap().push(request);
    let head = format!(
        "HTTP/1.1 {status} Status\r\nContent-Length: {}\r\nConnection: close\r\n",
        body.len()
    );
    let stream = reader.get_mut();
    // A redirection says in its body where to, and a refusal what has to be shown.
    let place = String::from_utf8_lossy(body);
    let more = match status {
        300..=399 => format!("Location: {place}\r\n"),
        401 => format!("WWW-Authenticate: {place}\r\n"),
        _ => String::new(),
    };
    stream.write_all(format!("{head}{more}\r\n").as_bytes())?;
    stream.write_all(body)?;
    stream.flush()
}
