//! A server that answers as it is told, whatever POD would, and remembers what it was asked.
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use pod_platform::{
    Client, Credentials, Limits, Platform, Rial,
    invoices::{GetInvoiceListRequest, IssueInvoiceRequest},
    payments::{PayAnyInvoiceByCreditRequest, PayInvoiceByInvoiceRequest},
    types::Error,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

pub const LIMITS: Limits = Limits {
    connect: Duration::from_secs(5),
    total: Duration::from_secs(5),
    response_bytes: 64 * 1024,
};

/// What the server does with a request.
#[derive(Clone, Debug)]
pub enum Reply {
    /// HTTP 200 with this body.
    Ok(String),
    /// Another status.
    Status(&'static str, String),
    /// Promises more bytes than it sends, and hangs up.
    CutOff(String),
    /// Promises more bytes than it sends, and says no more.
    Stalled(String),
    /// Takes the request, and says nothing.
    Silence,
    /// Takes the request, and hangs up.
    HangUp,
}

/// One request as it came in.
#[derive(Clone, Debug)]
pub struct Received {
    head: String,
    pub body: String,
}

impl Received {
    pub fn line(&self) -> &str {
        self.head.lines().next().unwrap()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub fn fields(&self) -> Vec<(String, String)> {
        form_urlencoded::parse(self.body.as_bytes()).into_owned().collect()
    }

    pub fn values(&self, name: &str) -> Vec<String> {
        self.fields().into_iter().filter(|(key, _)| key == name).map(|(_, value)| value).collect()
    }
}

pub struct Pod {
    pub url: String,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Pod {
    /// Gives one-time tokens, and every other request the same reply.
    pub async fn replies(reply: Reply) -> Self {
        Self::start(Reply::Ok(success(r#""ott":"ott-1""#)), reply).await
    }

    pub async fn answers(body: impl Into<String>) -> Self {
        Self::replies(Reply::Ok(body.into())).await
    }

    pub async fn start(ott: Reply, reply: Reply) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/srv/sc", listener.local_addr().unwrap());
        let received = Arc::new(Mutex::new(Vec::new()));
        let seen = received.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, seen.clone(), ott.clone(), reply.clone()));
            }
        });
        Self { url, received }
    }

    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// The only request that came.
    pub fn only(&self) -> Received {
        let received = self.received();
        assert_eq!(received.len(), 1, "{received:?}");
        received[0].clone()
    }

    pub fn client(&self) -> Client {
        self.client_within(LIMITS)
    }

    pub fn client_within(&self, limits: Limits) -> Client {
        Client::new(Platform::at(&self.url), limits).unwrap()
    }

    pub async fn read(&self) -> Error {
        self.client().call(&first_page(), &merchant()).await.unwrap_err()
    }

    pub async fn mutate(&self) -> Error {
        self.client().call(&netting(), &merchant()).await.unwrap_err()
    }
}

async fn serve(mut stream: TcpStream, seen: Arc<Mutex<Vec<Received>>>, ott: Reply, reply: Reply) {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return;
        }
    };
    let mut request =
        Received { head: String::from_utf8(bytes[..head].to_vec()).unwrap(), body: String::new() };
    let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
    while bytes.len() < head + 4 + length {
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return;
        }
    }
    request.body = String::from_utf8(bytes[head + 4..].to_vec()).unwrap();
    let product = request.values("scProductId");
    let reply = if product == ["29816"] || product == ["39311"] { ott } else { reply };
    seen.lock().unwrap().push(request);

    let (status, body, missing) = match &reply {
        Reply::Ok(body) => ("200 OK", body, 0),
        Reply::Status(status, body) => (*status, body, 0),
        Reply::CutOff(body) | Reply::Stalled(body) => ("200 OK", body, 10),
        Reply::Silence => return std::future::pending().await,
        Reply::HangUp => return,
    };
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n{body}",
        body.len() + missing
    );
    // Who stops reading in the middle is one of the cases.
    let _ = stream.write_all(answer.as_bytes()).await;
    if matches!(reply, Reply::Stalled(_)) {
        std::future::pending::<()>().await;
    }
    let _ = stream.shutdown().await;
}

pub fn success(rest: &str) -> String {
    format!(
        r#"{{"hasError":false,"messageId":0,"referenceNumber":"77001","errorCode":0,"count":0,{rest}}}"#
    )
}

pub fn refusal(code: i32, message: &str) -> String {
    format!(
        r#"{{"hasError":true,"messageId":0,"referenceNumber":"77001","errorCode":{code},"message":"{message}","count":0,"ott":"x"}}"#
    )
}

pub fn merchant() -> Credentials {
    Credentials::token("the-merchants-token")
}

/// A read.
pub fn first_page() -> GetInvoiceListRequest {
    GetInvoiceListRequest { offset: Some(0), size: 10, ..GetInvoiceListRequest::default() }
}

/// A mutation that needs no one-time token.
pub fn netting() -> PayInvoiceByInvoiceRequest {
    PayInvoiceByInvoiceRequest { creditor_invoice_id: 601, debtor_invoice_id: 501 }
}

/// A mutation that needs one.
pub fn payment() -> PayAnyInvoiceByCreditRequest {
    PayAnyInvoiceByCreditRequest {
        invoice_id: 501,
        wallet: "PODLAND_WALLET".into(),
        delegator_id: vec![7, 9],
        delegation_hash: vec!["first".into(), "second".into()],
        force_delegation: Some(true),
    }
}

/// An order of one product.
pub fn order() -> IssueInvoiceRequest {
    IssueInvoiceRequest {
        guild_code: "FOOD_GUILD".into(),
        product_id: vec![0],
        price: vec![Some(Rial(1_000))],
        quantity: vec![1.5],
        product_description: vec!["bread".into()],
        ..IssueInvoiceRequest::default()
    }
}
