package dev.larder.client.okhttp;

/** By {@code execute}. */
final class OkHttpExecuteContractTest extends OkHttpContract.Execute {}
