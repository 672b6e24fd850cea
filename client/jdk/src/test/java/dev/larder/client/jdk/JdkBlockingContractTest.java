package dev.larder.client.jdk;

/** By {@code send}. */
final class JdkBlockingContractTest extends JdkContract.Blocking {}
