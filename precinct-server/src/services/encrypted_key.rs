//! Private keys that OpenSSL encrypted in its own way, before PKCS#8 (`Proc-Type: 4,ENCRYPTED`; RFC 1421).
//!
//! The key is as safe as its passphrase: one round of MD5 stands between both. Who has the choice should not choose it,
//! and OPA knows nothing else.

use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt, KeyIvInit};
use aes::{Aes128, Aes192, Aes256};
use des::TdesEde3;
use precinct_jose::hash::Hash;
use precinct_jose::pem::Block;

/// Whether a block is encrypted like this.
pub fn is_encrypted(block: &Block) -> bool {
    let header = header(block, "Proc-Type");
    header.is_some_and(|kind| kind.ends_with("ENCRYPTED"))
}

fn header<'b>(block: &'b Block, name: &str) -> Option<&'b str> {
    let mut headers = block.headers.iter();
    let (_, value) = headers.find(|(given, _)| given == name)?;
    Some(value)
}

/// What a block holds when it is decrypted.
///
/// # Errors
/// When it can't be, with this passphrase or at all.
pub fn decrypt(block: &Block, passphrase: &str) -> Result<Vec<u8>, String> {
    let (cipher, vector) = header(block, "DEK-Info")
        .and_then(|header| header.split_once(','))
        .ok_or("expected the header DEK-Info with a cipher and its vector, found none")?;
    let vector = data_encoding::HEXLOWER_PERMISSIVE
        .decode(vector.trim().as_bytes())
        .map_err(|error| format!("DEK-Info: {error}"))?;
    let bytes = &block.contents;
    match cipher {
        "AES-128-CBC" => run::<cbc::Decryptor<Aes128>>(bytes, passphrase, &vector),
        "AES-192-CBC" => run::<cbc::Decryptor<Aes192>>(bytes, passphrase, &vector),
        "AES-256-CBC" => run::<cbc::Decryptor<Aes256>>(bytes, passphrase, &vector),
        "DES-EDE3-CBC" => run::<cbc::Decryptor<TdesEde3>>(bytes, passphrase, &vector),
        other => Err(format!(
            "expected a key encrypted with AES-128-CBC, AES-192-CBC, AES-256-CBC or DES-EDE3-CBC, found {other}"
        )),
    }
}

fn run<C: KeyIvInit + BlockModeDecrypt>(
    bytes: &[u8],
    passphrase: &str,
    vector: &[u8],
) -> Result<Vec<u8>, String> {
    let key = key(passphrase, vector, C::key_size()).ok_or("DEK-Info: the vector is too short")?;
    let cipher = C::new_from_slices(&key, vector).map_err(|error| format!("DEK-Info: {error}"))?;
    let mut bytes = bytes.to_vec();
    let plain = cipher
        .decrypt_padded::<Pkcs7>(&mut bytes)
        .map_err(|_| "decryption password incorrect".to_owned())?;
    Ok(plain.to_vec())
}

/// A key from a passphrase and the beginning of the vector: digests, each over the one before it and both of them.
fn key(passphrase: &str, vector: &[u8], length: usize) -> Option<Vec<u8>> {
    let salt = vector.get(..8)?;
    let mut key = Vec::new();
    let mut digest = Vec::new();
    while key.len() < length {
        digest = Hash::Md5.digest(&[digest.as_slice(), passphrase.as_bytes(), salt].concat());
        key.extend_from_slice(&digest);
    }
    key.truncate(length);
    Some(key)
}
