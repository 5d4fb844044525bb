//! Octets that tell when the HTTP library is done with them: so that a response is written piece by piece, and no faster
//! than its client reads.

use bytes::Bytes;

/// Octets and what waits for their end.
struct Paced<G> {
    octets: Vec<u8>,
    _guard: G,
}

impl<G> AsRef<[u8]> for Paced<G> {
    fn as_ref(&self) -> &[u8] {
        &self.octets
    }
}

/// The octets as a piece of a response's body. `guard` is dropped once they are with the operating system, or their
/// connection has broken.
pub fn paced<G: Send + 'static>(octets: Vec<u8>, guard: G) -> Bytes {
    Bytes::from_owner(Paced { octets, _guard: guard })
}
