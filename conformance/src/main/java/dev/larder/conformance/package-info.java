/** A Larder client behind a socket, so that HTTP test suites can drive it. A test tool: it adds nothing of its own. */
@NullMarked
package dev.larder.conformance;

import org.jspecify.annotations.NullMarked;
