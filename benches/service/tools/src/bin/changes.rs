//! How long it takes from a changed file to the first decision by it.
//!
//!     changes ADDRESS FILE COUNT
//!
//! FILE is a policy that a server at ADDRESS watches. It is exchanged COUNT times, as editors and `git` do it, each time
//! with another answer, and the server is asked over one connection until it gives that.

use std::fs;
use std::io::{BufRead as _, BufReader, Error, Read as _, Result, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

/// Longer than this, nothing is waited for.
const PATIENCE: Duration = Duration::from_mins(1);

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, file, count] = &arguments[..] else {
        return Err(Error::other("expected ADDRESS FILE COUNT"));
    };
    let count: u32 = count.parse().map_err(Error::other)?;
    let file = Path::new(file);
    let beside = file.with_extension("new");
    let mut connection = BufReader::new(TcpStream::connect(address)?);
    connection.get_ref().set_nodelay(true)?;
    let mut times = Vec::new();
    for number in 1..=count {
        fs::write(&beside, format!("package changed\n\nnumber := {number}\n"))?;
        let changed = Instant::now();
        fs::rename(&beside, file)?;
        let wanted = format!("\"result\":{number}");
        while !ask(&mut connection)?.trim_end_matches("}\n").ends_with(&wanted) {
            if changed.elapsed() > PATIENCE {
                return Err(Error::other(format!("change {number} is not taken up")));
            }
        }
        times.push(changed.elapsed());
    }
    times.sort_unstable();
    let milliseconds = |time: Option<&Duration>| time.map_or(0.0, Duration::as_secs_f64) * 1e3;
    println!(
        "least {:.2} ms, median {:.2} ms, most {:.2} ms",
        milliseconds(times.first()),
        milliseconds(times.get(times.len() / 2)),
        milliseconds(times.last())
    );
    Ok(())
}

fn ask(connection: &mut BufReader<TcpStream>) -> Result<String> {
    connection
        .get_mut()
        .write_all(b"GET /v1/data/changed/number HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
    let (mut line, mut length) = (String::new(), 0);
    loop {
        line.clear();
        if connection.read_line(&mut line)? == 0 {
            return Err(Error::other("the server hung up"));
        }
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().map_err(Error::other)?;
        }
    }
    let mut body = vec![0; length];
    connection.read_exact(&mut body)?;
    String::from_utf8(body).map_err(Error::other)
}
