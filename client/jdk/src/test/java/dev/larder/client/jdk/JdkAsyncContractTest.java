package dev.larder.client.jdk;

/** By {@code sendAsync}. */
final class JdkAsyncContractTest extends JdkContract.Async {}
