package dev.larder.client.okhttp;

/** By {@code enqueue}. */
final class OkHttpEnqueueContractTest extends OkHttpContract.Enqueue {}
