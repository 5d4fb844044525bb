//! Knows of each TCP connection whether what was written to it can still have been lost.
//!
//! A client that polls gets its events in HTTP replies, and no protocol tells whether it has read one. The kernel does: a
//! client that goes away without having read everything answers with a reset. So the end of a connection is looked at where
//! a SockJS session depends on it.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use socket2::{SockRef, Socket};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// What is known of a connection's end.
#[derive(Debug, Default)]
pub struct Connection {
    /// Somebody wants to know how it ends.
    watched: AtomicBool,
    /// It ended before everything was written.
    broken: AtomicBool,
    /// The socket after its end, open for as long as somebody may ask: a reset comes later than the end.
    ended: OnceLock<Socket>,
}

impl Connection {
    /// From now on, its end is remembered.
    pub fn watch(&self) {
        self.watched.store(true, Ordering::Relaxed);
    }

    /// Whether the client went away without having read all that was written.
    pub fn has_lost(&self) -> bool {
        let was_reset = |socket: &Socket| !matches!(socket.take_error(), Ok(None));
        if self.ended.get().is_some_and(was_reset) {
            // The error is told once.
            self.broken.store(true, Ordering::Relaxed);
        }
        self.broken.load(Ordering::Relaxed)
    }

    fn end(&self, stream: &TcpStream) {
        if self.watched.load(Ordering::Relaxed) && self.ended.get().is_none() {
            match SockRef::from(stream).try_clone() {
                Ok(socket) => drop(self.ended.set(socket)),
                // Without a way to know, the worse is taken to be true.
                Err(_) => self.broken.store(true, Ordering::Relaxed),
            }
        }
    }
}

/// Who sends a request, and over what.
#[derive(Clone, Debug)]
pub struct Peer {
    /// The address at the other end of the connection.
    pub address: SocketAddr,
    /// The connection.
    pub connection: Arc<Connection>,
}

impl<L> Connected<IncomingStream<'_, WatchedListener<L>>> for Peer
where
    L: Listener<Io = TcpStream, Addr = SocketAddr>,
{
    fn connect_info(stream: IncomingStream<'_, WatchedListener<L>>) -> Self {
        Self { address: *stream.remote_addr(), connection: Arc::clone(&stream.io().connection) }
    }
}

/// A listener whose connections are watched.
#[derive(Debug)]
pub struct WatchedListener<L>(pub L);

impl<L: Listener<Io = TcpStream>> Listener for WatchedListener<L> {
    type Io = WatchedStream;
    type Addr = L::Addr;

    async fn accept(&mut self) -> (WatchedStream, L::Addr) {
        let (stream, address) = self.0.accept().await;
        (WatchedStream { stream, connection: Arc::default(), is_blocked: false }, address)
    }

    fn local_addr(&self) -> io::Result<L::Addr> {
        self.0.local_addr()
    }
}

/// A TCP connection that notes how it ends.
#[derive(Debug)]
pub struct WatchedStream {
    stream: TcpStream,
    connection: Arc<Connection>,
    /// The last write could not be done: more waits to be written.
    is_blocked: bool,
}

impl WatchedStream {
    fn note_write<T>(&mut self, outcome: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        self.is_blocked = outcome.is_pending();
        if let Poll::Ready(Err(_)) = &outcome {
            self.connection.broken.store(true, Ordering::Relaxed);
        }
        outcome
    }
}

impl Drop for WatchedStream {
    fn drop(&mut self) {
        if self.is_blocked {
            self.connection.broken.store(true, Ordering::Relaxed);
        }
    }
}

impl AsyncRead for WatchedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let outcome = Pin::new(&mut self.stream).poll_read(context, buffer);
        match &outcome {
            Poll::Ready(Ok(())) if buffer.filled().len() == before && buffer.remaining() > 0 => {
                self.connection.end(&self.stream);
            }
            Poll::Ready(Err(_)) => self.connection.broken.store(true, Ordering::Relaxed),
            _ => {}
        }
        outcome
    }
}

impl AsyncWrite for WatchedStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(context, octets);
        self.note_write(outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.note_write(outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.connection.end(&self.stream);
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// A client and what the server knows of its connection, after the server wrote something.
    async fn pair() -> (TcpStream, WatchedStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut listener = WatchedListener(listener);
        let (client, (mut stream, _)) = tokio::join!(TcpStream::connect(address), listener.accept());
        stream.connection.watch();
        stream.write_all(b"a reply").await.unwrap();
        (client.unwrap(), stream)
    }

    async fn eventually_lost(connection: &Connection) -> bool {
        for _ in 0..500 {
            if connection.has_lost() {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        false
    }

    #[tokio::test]
    async fn a_client_that_read_everything_has_lost_nothing() {
        let (mut client, mut stream) = pair().await;
        client.read_exact(&mut [0; 7]).await.unwrap();
        drop(client);
        assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0);
        let connection = Arc::clone(&stream.connection);
        drop(stream);
        assert!(!connection.has_lost());
    }

    #[tokio::test]
    async fn a_client_that_goes_without_reading_has_lost_something() {
        let (client, mut stream) = pair().await;
        client.readable().await.unwrap();
        drop(client);
        assert!(stream.read(&mut [0; 8]).await.is_err());
        assert!(stream.connection.has_lost());
    }

    #[tokio::test]
    async fn a_reset_after_the_servers_own_end_is_seen() {
        let (client, mut stream) = pair().await;
        stream.shutdown().await.unwrap();
        let connection = Arc::clone(&stream.connection);
        drop(stream);
        assert!(!connection.has_lost());
        client.readable().await.unwrap();
        drop(client);
        assert!(eventually_lost(&connection).await);
        assert!(connection.has_lost(), "it stays lost");
    }

    #[tokio::test]
    async fn what_was_never_written_is_lost() {
        let (_client, mut stream) = pair().await;
        let flood = vec![0; 1 << 20];
        let mut writing = tokio_test_poll(&mut stream, &flood);
        while writing {
            writing = tokio_test_poll(&mut stream, &flood);
        }
        let connection = Arc::clone(&stream.connection);
        drop(stream);
        assert!(connection.has_lost());
    }

    /// Whether the kernel took more.
    fn tokio_test_poll(stream: &mut WatchedStream, octets: &[u8]) -> bool {
        let mut context = Context::from_waker(std::task::Waker::noop());
        Pin::new(stream).poll_write(&mut context, octets).is_ready()
    }
}
