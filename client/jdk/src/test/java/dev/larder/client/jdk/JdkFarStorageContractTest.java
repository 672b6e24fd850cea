package dev.larder.client.jdk;

import dev.larder.testkit.ClientContract;

/** Over a storage that cannot read back. */
@ClientContract.Only(ClientContract.Setting.OTHER)
final class JdkFarStorageContractTest extends JdkContract.FarStorage {}
