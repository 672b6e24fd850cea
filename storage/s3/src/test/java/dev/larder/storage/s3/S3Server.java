package dev.larder.storage.s3;

import java.io.InputStream;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.gaul.s3proxy.S3Proxy;
import org.gaul.s3proxy.auth.AuthenticationType;
import org.gaul.s3proxy.blobstore.BlobStore;
import org.gaul.s3proxy.blobstore.ForwardingBlobStore;
import org.gaul.s3proxy.blobstore.S3Exceptions;
import org.gaul.s3proxy.nio2blob.FilesystemNio2BlobStore;
import org.gaul.s3proxy.nio2blob.TransientNio2BlobStore;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.async.AsyncRequestBody;
import software.amazon.awssdk.core.async.AsyncResponseTransformer;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3AsyncClient;
import software.amazon.awssdk.services.s3.model.DeleteObjectRequest;
import software.amazon.awssdk.services.s3.model.DeleteObjectResponse;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.PutObjectResponse;
import software.amazon.awssdk.services.s3.model.S3Object;

/** A real S3 server in this process, with one bucket, and what a test does to it behind the storage's back. */
final class S3Server implements AutoCloseable {
    static final String BUCKET = "cache";
    static final String ACCESS_KEY = "test-access";
    static final String SECRET_KEY = "test-secret";
    static final AwsCredentials CREDENTIALS = AwsBasicCredentials.create(ACCESS_KEY, SECRET_KEY);

    private static final AtomicInteger PREFIXES = new AtomicInteger();

    private final S3Proxy server;
    final S3AsyncClient client;

    /**
     * S3 checks a condition and writes in one step, as does the server for {@code If-None-Match: *}. For {@code If-Match} it
     * looks first and writes then: of 16 such writes at once up to 16 were done. So here they take turns, and it is looked
     * again.
     */
    private static final class OneStep extends ForwardingBlobStore {
        private final ReentrantLock[] locks = new ReentrantLock[64];

        OneStep(BlobStore store) {
            super(store);
            Arrays.setAll(locks, i -> new ReentrantLock());
        }

        private ReentrantLock lock(String name) {
            return locks[Math.floorMod(name.hashCode(), locks.length)];
        }

        @Override
        public PutObjectResponse putBlob(PutObjectRequest request, InputStream body) {
            ReentrantLock lock = lock(request.key());
            lock.lock();
            try {
                if (request.ifMatch() != null) {
                    HeadObjectResponse there = blobMetadataIfPresent(request.bucket(), request.key());
                    if (there == null
                            || !request.ifMatch()
                                    .replace("\"", "")
                                    .equals(there.eTag().replace("\"", ""))) {
                        throw S3Exceptions.fromStatusCode(412);
                    }
                }
                return super.putBlob(request, body);
            } finally {
                lock.unlock();
            }
        }

        @Override
        public DeleteObjectResponse removeBlob(DeleteObjectRequest request) {
            ReentrantLock lock = lock(request.key());
            lock.lock();
            try {
                return super.removeBlob(request);
            } finally {
                lock.unlock();
            }
        }
    }

    private S3Server(BlobStore store) throws Exception {
        server = S3Proxy.builder()
                .blobStore(new OneStep(store))
                .endpoint(URI.create("http://127.0.0.1:0"))
                .awsAuthentication(AuthenticationType.AWS_V2_OR_V4, ACCESS_KEY, SECRET_KEY)
                .build();
        server.start();
        client = client(endpoint());
        client.createBucket(b -> b.bucket(BUCKET)).join();
    }

    static S3Server inMemory() throws Exception {
        return new S3Server(new TransientNio2BlobStore());
    }

    static S3Server in(Path directory) throws Exception {
        return new S3Server(new FilesystemNio2BlobStore(directory.toString()));
    }

    int port() {
        return server.getPort();
    }

    URI endpoint() {
        return URI.create("http://127.0.0.1:" + server.getPort());
    }

    static S3AsyncClient client(URI endpoint) {
        return client(endpoint, StaticCredentialsProvider.create(CREDENTIALS));
    }

    static S3AsyncClient client(URI endpoint, AwsCredentialsProvider credentials) {
        return S3AsyncClient.builder()
                .region(Region.US_EAST_1)
                .forcePathStyle(true)
                .endpointOverride(endpoint)
                .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
                .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED)
                .httpClientBuilder(NettyNioAsyncHttpClient.builder())
                .overrideConfiguration(o -> o.retryStrategy(r -> r.maxAttempts(3)))
                .credentialsProvider(credentials)
                .build();
    }

    /** A storage with a prefix of its own, and time enough for a busy machine. */
    S3Storage.Builder storage() {
        return S3Storage.builder()
                .bucket(BUCKET)
                .client(client)
                .keyPrefix("test-" + PREFIXES.incrementAndGet() + "/")
                .timeout(Duration.ofSeconds(30));
    }

    List<String> names(String prefix) {
        List<String> names = new ArrayList<>();
        client.listObjectsV2Paginator(b -> b.bucket(BUCKET).prefix(prefix))
                .contents()
                .map(S3Object::key)
                .subscribe(names::add)
                .join();
        return names;
    }

    int uploads(String prefix) {
        return client.listMultipartUploads(b -> b.bucket(BUCKET).prefix(prefix))
                .join()
                .uploads()
                .size();
    }

    byte[] get(String name) {
        return client.getObject(b -> b.bucket(BUCKET).key(name), AsyncResponseTransformer.toBytes())
                .join()
                .asByteArray();
    }

    void put(String name, byte[] bytes) {
        client.putObject(b -> b.bucket(BUCKET).key(name), AsyncRequestBody.fromBytes(bytes))
                .join();
    }

    void delete(String name) {
        client.deleteObject(b -> b.bucket(BUCKET).key(name)).join();
    }

    @Override
    public void close() throws Exception {
        client.close();
        server.stop();
    }
}
