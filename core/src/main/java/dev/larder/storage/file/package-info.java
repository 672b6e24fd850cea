/** Storage in a directory. */
@NullMarked
package dev.larder.storage.file;

import org.jspecify.annotations.NullMarked;
