package dev.larder.storage.s3;

import dev.larder.storage.CircuitBreaker;
import dev.larder.storage.s3.WholeObject.Fetched;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.AwsRequestOverrideConfiguration;
import software.amazon.awssdk.core.async.AsyncRequestBody;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.S3AsyncClient;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.ListMultipartUploadsResponse;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Response;
import software.amazon.awssdk.services.s3.model.NoSuchBucketException;
import software.amazon.awssdk.services.s3.model.ObjectIdentifier;
import software.amazon.awssdk.services.s3.model.S3Exception;

/**
 * The requests this storage makes, each through the circuit breaker and with a time-out of its own in the client, so that
 * what is given up ends there too. Answers that say something about an object, such as that it is not there, are values
 * and not failures.
 */
final class Bucket {
    /** The most objects one request lists or deletes. */
    static final int PAGE = 1000;

    /** What a transfer has to reach, or it is given up. */
    private static final int BYTES_PER_MILLI = 4 << 10;

    private static final String OCTETS = "application/octet-stream";

    private final S3AsyncClient client;
    private final String bucket;
    private final Duration timeout;
    private final Starter starter;
    private final CircuitBreaker breaker;
    private final AwsRequestOverrideConfiguration inTime;

    Bucket(S3AsyncClient client, String bucket, Duration timeout, Starter starter, CircuitBreaker.Builder breaker) {
        this.client = client;
        this.bucket = bucket;
        this.timeout = timeout;
        this.starter = starter;
        this.inTime = within(Duration.ZERO);
        this.breaker = breaker.build(() -> starter.start(
                timeout, () -> client.headBucket(b -> b.bucket(bucket).overrideConfiguration(inTime))));
    }

    private AwsRequestOverrideConfiguration within(Duration allowance) {
        return AwsRequestOverrideConfiguration.builder()
                .apiCallTimeout(timeout.plus(allowance))
                .build();
    }

    private static Duration allowance(long bytes) {
        return Duration.ofMillis(bytes / BYTES_PER_MILLI);
    }

    private AwsRequestOverrideConfiguration configuration(Duration allowance) {
        return allowance.isZero() ? inTime : within(allowance);
    }

    boolean isFailing() {
        return breaker.isOpen();
    }

    // ---- objects

    /** An object of at most so many bytes; null when there is none. */
    CompletionStage<@Nullable Fetched> get(String name, int limit) {
        return request(
                "GetObject",
                name,
                Duration.ZERO,
                () -> client.getObject(
                        b -> b.bucket(bucket).key(name).overrideConfiguration(inTime), new WholeObject(limit)),
                404);
    }

    /** Bytes of an object, as many as there are of them; null when there is no such object. */
    CompletionStage<@Nullable Fetched> get(String name, long from, int length) {
        Duration allowance = allowance(length);
        return request(
                "GetObject",
                name,
                allowance,
                () -> client.getObject(
                                b -> b.bucket(bucket)
                                        .key(name)
                                        .range("bytes=" + from + "-" + (from + length - 1))
                                        .overrideConfiguration(configuration(allowance)),
                                new WholeObject(length))
                        .exceptionally(failure -> {
                            if (unwrapped(failure) instanceof S3Exception e && e.statusCode() == 416) {
                                return new Fetched("", new byte[0]); // it ends before
                            }
                            throw new CompletionException(unwrapped(failure));
                        }),
                404);
    }

    /**
     * Stores an object if what is there is what is expected.
     *
     * @param etag of what is there, or null for nothing
     * @return the etag of what is there now, or null when it is not what was expected
     */
    CompletionStage<@Nullable String> putIf(String name, byte[] bytes, @Nullable String etag) {
        Duration allowance = allowance(bytes.length);
        return request(
                "PutObject",
                name,
                allowance,
                () -> client.putObject(
                                b -> {
                                    b.bucket(bucket).key(name).contentType(OCTETS);
                                    b.overrideConfiguration(configuration(allowance));
                                    if (etag == null) {
                                        b.ifNoneMatch("*");
                                    } else {
                                        b.ifMatch(etag);
                                    }
                                },
                                AsyncRequestBody.fromBytesUnsafe(bytes))
                        .thenApply(answer -> answer.eTag()),
                404,
                409,
                412);
    }

    CompletionStage<@Nullable Object> put(String name, byte[] bytes) {
        Duration allowance = allowance(bytes.length);
        return request(
                "PutObject",
                name,
                allowance,
                () -> client.putObject(
                        b -> b.bucket(bucket)
                                .key(name)
                                .contentType(OCTETS)
                                .overrideConfiguration(configuration(allowance)),
                        AsyncRequestBody.fromBytesUnsafe(bytes)));
    }

    /** Deletes an object unless it has changed. */
    CompletionStage<@Nullable Object> deleteIf(String name, String etag) {
        return request(
                "DeleteObject",
                name,
                Duration.ZERO,
                () -> client.deleteObject(
                        b -> b.bucket(bucket).key(name).ifMatch(etag).overrideConfiguration(inTime)),
                404,
                409,
                412);
    }

    /** Deletes up to {@link #PAGE} objects; those that are gone do no harm. */
    CompletionStage<@Nullable Object> delete(List<String> names) {
        if (names.isEmpty()) {
            return CompletableFuture.completedFuture(null);
        }
        if (names.size() == 1) {
            return request(
                    "DeleteObject",
                    names.get(0),
                    Duration.ZERO,
                    () -> client.deleteObject(
                            b -> b.bucket(bucket).key(names.get(0)).overrideConfiguration(inTime)),
                    404);
        }
        List<ObjectIdentifier> all = new ArrayList<>(names.size());
        for (String name : names) {
            all.add(ObjectIdentifier.builder().key(name).build());
        }
        Duration allowance = Duration.ofMillis(10L * names.size());
        return request(
                "DeleteObjects",
                names.get(0),
                allowance,
                () -> client.deleteObjects(b -> b.bucket(bucket)
                                .delete(d -> d.objects(all).quiet(true))
                                .overrideConfiguration(configuration(allowance)))
                        .thenApply(answer -> {
                            if (!answer.errors().isEmpty()) {
                                throw new CompletionException(new IOException("DeleteObjects: "
                                        + answer.errors().get(0).code() + " for "
                                        + answer.errors().size() + " objects"));
                            }
                            return answer;
                        }));
    }

    /** The objects whose names begin with a prefix and come after another, in order. */
    CompletionStage<ListObjectsV2Response> list(String prefix, String after) {
        Duration allowance = timeout.multipliedBy(4);
        return required(request(
                "ListObjectsV2",
                prefix,
                allowance,
                () -> client.listObjectsV2(b -> {
                    b.bucket(bucket).prefix(prefix).maxKeys(PAGE).overrideConfiguration(configuration(allowance));
                    if (!after.isEmpty()) {
                        b.startAfter(after);
                    }
                })));
    }

    // ---- uploads in parts

    CompletionStage<String> beginUpload(String name) {
        return required(request(
                "CreateMultipartUpload",
                name,
                Duration.ZERO,
                () -> client.createMultipartUpload(b ->
                                b.bucket(bucket).key(name).contentType(OCTETS).overrideConfiguration(inTime))
                        .thenApply(answer -> answer.uploadId())));
    }

    CompletionStage<CompletedPart> uploadPart(String name, String upload, int number, byte[] bytes) {
        Duration allowance = allowance(bytes.length);
        return required(request(
                "UploadPart",
                name,
                allowance,
                () -> client.uploadPart(
                                b -> b.bucket(bucket)
                                        .key(name)
                                        .uploadId(upload)
                                        .partNumber(number)
                                        .overrideConfiguration(configuration(allowance)),
                                AsyncRequestBody.fromBytesUnsafe(bytes))
                        .thenApply(answer -> CompletedPart.builder()
                                .partNumber(number)
                                .eTag(answer.eTag())
                                .build())));
    }

    CompletionStage<@Nullable Object> completeUpload(String name, String upload, List<CompletedPart> parts) {
        // Some services put the parts together only now.
        Duration allowance = Duration.ofMillis(100L * parts.size());
        return request(
                "CompleteMultipartUpload",
                name,
                allowance,
                () -> client.completeMultipartUpload(b -> b.bucket(bucket)
                        .key(name)
                        .uploadId(upload)
                        .multipartUpload(m -> m.parts(parts))
                        .overrideConfiguration(configuration(allowance))));
    }

    CompletionStage<@Nullable Object> abortUpload(String name, String upload) {
        return request(
                "AbortMultipartUpload",
                name,
                Duration.ZERO,
                () -> client.abortMultipartUpload(
                        b -> b.bucket(bucket).key(name).uploadId(upload).overrideConfiguration(inTime)),
                404);
    }

    CompletionStage<ListMultipartUploadsResponse> uploads(String prefix, String afterKey, String afterUpload) {
        Duration allowance = timeout.multipliedBy(4);
        return required(request(
                "ListMultipartUploads",
                prefix,
                allowance,
                () -> client.listMultipartUploads(b -> {
                    b.bucket(bucket).prefix(prefix).maxUploads(PAGE).overrideConfiguration(configuration(allowance));
                    if (!afterKey.isEmpty()) {
                        b.keyMarker(afterKey).uploadIdMarker(afterUpload);
                    }
                })));
    }

    // ---- all of them

    /** @param expected answers with one of these status codes are null */
    private <T> CompletionStage<@Nullable T> request(
            String operation,
            String name,
            Duration allowance,
            Supplier<? extends CompletableFuture<? extends T>> call,
            int... expected) {
        return breaker.call(allowance, () -> {
            CompletableFuture<T> answer = starter.start(timeout.plus(allowance), call);
            return answer.handle((value, failure) -> {
                if (failure == null) {
                    return value;
                }
                Throwable cause = unwrapped(failure);
                if (cause instanceof S3Exception e && !(e instanceof NoSuchBucketException)) {
                    for (int status : expected) {
                        if (e.statusCode() == status) {
                            return null;
                        }
                    }
                }
                throw new CompletionException(failure(operation, name, cause));
            });
        });
    }

    private static <T> CompletionStage<T> required(CompletionStage<@Nullable T> stage) {
        return stage.thenApply(value -> {
            if (value == null) {
                throw new CompletionException(new IOException("the answer is empty"));
            }
            return value;
        });
    }

    private IOException failure(String operation, String name, Throwable cause) {
        String what = operation + " of " + bucket + "/" + name + " failed: ";
        if (cause instanceof S3Exception e) {
            String code =
                    e.awsErrorDetails() == null ? null : e.awsErrorDetails().errorCode();
            String why = "status " + e.statusCode() + (code == null ? "" : " " + code);
            if (e.statusCode() == 501) {
                why += "; this service lacks something that is needed, such as conditional writes";
            }
            return new IOException(what + why, e);
        }
        if (cause instanceof SdkException || cause instanceof IOException) {
            return new IOException(what + cause.getMessage(), cause);
        }
        return new IOException(what + cause, cause);
    }

    static Throwable unwrapped(Throwable failure) {
        Throwable cause = failure;
        while ((cause instanceof CompletionException || cause instanceof ExecutionException)
                && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }
}
