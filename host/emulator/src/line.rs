//! The connections that clients come on.
//!
//! HTTP has no word for a reset, for half an answer or for two of them. So what stands below it can
//! be told: what the server writes next is not sent, something else happens to the connection.

use std::{
    io::{self, IoSlice},
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};

use axum::{
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use bytes::{Buf as _, Bytes};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};

/// Takes connections.
pub(crate) struct Lines(pub(crate) TcpListener);

/// A connection, below HTTP.
pub(crate) struct Connection {
    stream: TcpStream,
    line: Line,
}

/// A connection, as a handler reaches it.
#[derive(Clone, Default)]
pub(crate) struct Line(Arc<Mutex<Option<Instead>>>);

/// What happens instead of what the server writes next.
pub(crate) enum Instead {
    /// The connection is closed.
    Close,
    /// It is closed with an RST: the client learns that it is broken, and loses what it has not read.
    Reset,
    /// This is sent, and the connection stays.
    Say(Bytes),
    /// This is sent, and the connection is closed.
    SayLast(Bytes),
}

impl Line {
    pub(crate) fn tell(&self, instead: Instead) {
        *self.lock() = Some(instead);
    }

    fn lock(&self) -> MutexGuard<'_, Option<Instead>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener for Lines {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        // Answers are small and somebody waits for each: nothing is gained by collecting them.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its delay");
        }
        (Connection { stream, line: Line::default() }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

impl Connected<IncomingStream<'_, Lines>> for Line {
    fn connect_info(stream: IncomingStream<'_, Lines>) -> Self {
        stream.io().line.clone()
    }
}

impl Connection {
    fn stream(&mut self) -> Pin<&mut TcpStream> {
        Pin::new(&mut self.stream)
    }

    /// Is what the server writes thrown away? An error makes it give the connection up.
    fn refuses(&self) -> io::Result<bool> {
        match *self.line.lock() {
            None => Ok(false),
            Some(Instead::Say(_) | Instead::SayLast(_)) => Ok(true),
            Some(Instead::Close) => Err(io::ErrorKind::ConnectionAborted.into()),
            Some(Instead::Reset) => {
                self.stream.set_zero_linger()?;
                Err(io::ErrorKind::ConnectionReset.into())
            }
        }
    }

    /// Sends what is said instead.
    fn poll_say(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut instead = self.line.lock();
        let last = matches!(*instead, Some(Instead::SayLast(_)));
        let Some(Instead::Say(bytes) | Instead::SayLast(bytes)) = instead.as_mut() else {
            return Poll::Ready(Ok(()));
        };
        while !bytes.is_empty() {
            let sent = ready!(Pin::new(&mut self.stream).poll_write(context, bytes))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            bytes.advance(sent);
        }
        *instead = last.then_some(Instead::Close);
        Poll::Ready(if last { Err(io::ErrorKind::ConnectionAborted.into()) } else { Ok(()) })
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.stream().poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.refuses()? {
            return Poll::Ready(Ok(bytes.len()));
        }
        self.stream().poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.refuses()? {
            return Poll::Ready(Ok(slices.iter().map(|slice| slice.len()).sum()));
        }
        self.stream().poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_say(context))?;
        self.stream().poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_shutdown(context)
    }
}
