package dev.larder.conformance;

import java.io.InputStream;
import java.util.List;

/**
 * What the client under test answered.
 *
 * @param fields those it answered, none added and none left out
 * @param content closed by whoever writes the response
 * @param explanation how the cache came to it, for the log
 */
record GatewayResponse(int status, List<Field> fields, InputStream content, String explanation) {}
