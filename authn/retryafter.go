package authn

import "time"

// RetryAfterOf returns when asking again is worth while, for those who answer an error
// that is [Unavailable] themselves: the shortest RetryAfter of those that err carries,
// or zero if nobody knows.
func RetryAfterOf(err error) time.Duration {
	var shortest time.Duration
	for e := range reasons(err) {
		if e.Reason == Unavailable && e.RetryAfter > 0 && (shortest == 0 || e.RetryAfter < shortest) {
			shortest = e.RetryAfter
		}
	}
	return shortest
}
