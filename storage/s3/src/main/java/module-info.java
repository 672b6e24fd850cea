/** Entries in S3 and what is compatible with it. */
@SuppressWarnings("module") // the name ends as that of the service does
module dev.larder.storage.s3 {
    exports dev.larder.storage.s3;

    provides dev.larder.storage.StorageProvider with
            dev.larder.storage.s3.S3StorageProvider;

    requires transitive dev.larder.core;
    requires org.reactivestreams;
    requires software.amazon.awssdk.awscore;
    requires software.amazon.awssdk.core;
    requires software.amazon.awssdk.http.nio.netty;
    requires software.amazon.awssdk.regions;
    requires software.amazon.awssdk.retries.api;
    requires transitive software.amazon.awssdk.services.s3;
    requires static transitive org.jspecify;
}
