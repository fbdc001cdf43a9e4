//! A bucket of an S3-compatible store: objects by name, nothing else. Whose they are and what they mean is its callers'
//! matter; so is trying again.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::signer::Signer;
use object_store::{
    Attribute, ClientOptions, GetOptions, GetRange, ObjectStore, ObjectStoreExt, PutOptions, RetryConfig,
};
use secrecy::ExposeSecret;

use crate::config;
use crate::error::Error;

/// A store that does not even take the connection in this time is away.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest time for one object, there or back.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
/// When a client may ask again for what a store has that does not answer.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// A bucket; cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    bucket: Arc<AmazonS3>,
    prefix: Path,
}

/// What went wrong at the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no such object.
    #[error("the store has no such object")]
    NotFound,
    /// Anything else: it is away, full, or refuses us.
    #[error("the store failed: {0}")]
    Failed(#[source] object_store::Error),
}

/// What the store does, or why not.
pub type Result<T> = std::result::Result<T, StoreError>;

/// An object, or a range of one, on its way.
pub struct Object {
    /// The size of all of it.
    pub bytes: u64,
    /// What was asked for, piece by piece.
    pub body: BoxStream<'static, std::result::Result<Bytes, object_store::Error>>,
}

impl Store {
    /// The bucket of the settings; `None` where they name none. Does not connect.
    ///
    /// # Errors
    /// Settings that make no address.
    pub fn open(config: &config::Storage) -> anyhow::Result<Option<Store>> {
        let Some(bucket) = &config.bucket else { return Ok(None) };
        let options = ClientOptions::new()
            .with_connect_timeout(CONNECT_TIMEOUT)
            .with_timeout(REQUEST_TIMEOUT);
        let no_retries = RetryConfig {
            max_retries: 0,
            ..RetryConfig::default()
        };
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(bucket)
            .with_region(&config.region)
            .with_client_options(options)
            .with_retry(no_retries);
        if let Some(endpoint) = &config.endpoint {
            builder = builder
                .with_endpoint(endpoint.as_str().trim_end_matches('/'))
                .with_allow_http(endpoint.scheme() == "http");
        }
        let (id, secret) = (
            config.access_key_id.expose_secret(),
            config.secret_access_key.expose_secret(),
        );
        if !id.is_empty() {
            builder = builder.with_access_key_id(id).with_secret_access_key(secret);
        }
        let bucket = builder
            .build()
            .context("the settings in [storage] make no store's address")?;
        let prefix = Path::parse(&config.prefix).context("`storage.prefix` is no path")?;
        Ok(Some(Store {
            bucket: Arc::new(bucket),
            prefix,
        }))
    }

    /// Puts an object there, in place of one of the same name. Browsers that fetch it from the store keep it for good.
    ///
    /// # Errors
    /// The store's own; then the object is there as a whole, or as before.
    pub async fn put(&self, name: &str, bytes: Bytes, content_type: &'static str) -> Result<()> {
        let options = PutOptions {
            attributes: [
                (Attribute::ContentType, content_type),
                (Attribute::CacheControl, "private, max-age=31536000, immutable"),
            ]
            .into_iter()
            .collect(),
            ..PutOptions::default()
        };
        self.bucket.put_opts(&self.path(name), bytes.into(), options).await?;
        Ok(())
    }

    /// Gets an object, or a range of its bytes.
    ///
    /// # Errors
    /// There is none; the store's own.
    pub async fn get(&self, name: &str, range: Option<Range<u64>>) -> Result<Object> {
        let options = GetOptions {
            range: range.map(GetRange::Bounded),
            ..GetOptions::default()
        };
        let found = self.bucket.get_opts(&self.path(name), options).await?;
        Ok(Object {
            bytes: found.meta.size,
            body: found.into_stream(),
        })
    }

    /// Gets all of an object.
    ///
    /// # Errors
    /// There is none; the store's own.
    pub async fn get_all(&self, name: &str) -> Result<Bytes> {
        Ok(self.bucket.get(&self.path(name)).await?.bytes().await?)
    }

    /// The size of an object.
    ///
    /// # Errors
    /// There is none; the store's own.
    pub async fn size(&self, name: &str) -> Result<u64> {
        Ok(self.bucket.head(&self.path(name)).await?.size)
    }

    /// The objects whose names begin with `folder/`: what follows that, and their sizes.
    ///
    /// # Errors
    /// The store's own.
    pub async fn list(&self, folder: &str) -> Result<HashMap<String, u64>> {
        let folder = self.path(folder);
        let mut found = HashMap::new();
        let mut objects = self.bucket.list(Some(&folder));
        while let Some(object) = objects.try_next().await? {
            if let Some(name) = object.location.filename() {
                found.insert(name.to_owned(), object.size);
            }
        }
        Ok(found)
    }

    /// Deletes one object; none is fine, too.
    ///
    /// # Errors
    /// The store's own.
    pub async fn delete(&self, name: &str) -> Result<()> {
        match self.bucket.delete(&self.path(name)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes all objects whose names begin with `folder/`; says how many there were.
    ///
    /// # Errors
    /// The store's own; then some are left, and the same call deletes them.
    pub async fn delete_folder(&self, folder: &str) -> Result<usize> {
        let locations = self
            .bucket
            .list(Some(&self.path(folder)))
            .map_ok(|object| object.location)
            .boxed();
        let deleted: Vec<Path> = self.bucket.delete_stream(locations).try_collect().await?;
        Ok(deleted.len())
    }

    /// An address at which anybody can get the object from the store itself for that long.
    ///
    /// # Errors
    /// The store's credentials cannot be had.
    pub async fn signed_url(&self, name: &str, lifetime: Duration) -> Result<url::Url> {
        Ok(self
            .bucket
            .signed_url(http::Method::GET, &self.path(name), lifetime)
            .await?)
    }

    fn path(&self, name: &str) -> Path {
        self.prefix.parts().chain(Path::from(name).parts()).collect()
    }
}

impl From<object_store::Error> for StoreError {
    fn from(error: object_store::Error) -> StoreError {
        match error {
            object_store::Error::NotFound { .. } => StoreError::NotFound,
            error => StoreError::Failed(error),
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Error {
        match error {
            StoreError::NotFound => Error::NotFound("recording"),
            StoreError::Failed(error) => {
                tracing::warn!(%error, "the store does not answer as it should");
                Error::Unavailable {
                    detail: "the store of the recordings does not answer",
                    retry_after: RETRY_AFTER,
                }
            }
        }
    }
}
