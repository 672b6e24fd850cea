/** Entries in S3 and what is compatible with it. */
@NullMarked
package dev.larder.storage.s3;

import org.jspecify.annotations.NullMarked;
