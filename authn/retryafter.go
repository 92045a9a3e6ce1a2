package authn

import "time"

// RetryAfterOf returns when asking again is worth while, for those who answer an error
// that is [Unavailable] themselves: the shortest RetryAfter of those that err carries,
// or zero if nobody knows.
func RetryAfterOf(err error) time.Duration { return retryAfter(err) }
