package jwt_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/authnchain/authnchain/authn"
)

// A stale token is refused and not put off, for as long as it is remembered that
// its key is gone, and in bounded memory.
func TestAbsentKeys(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.mustAccept(t, w.token())
		stale := w.unknown(0)
		w.mustRefuse(t, stale, unknownKey("nobody's-0", "ES256"))
		long := strings.Repeat("k", 300)
		w.mustRefuse(t, w.named(long), unavailable(fmt.Sprintf("keys: key %q…: not among those known, and it is too soon to fetch them again", long[:128])))
		time.Sleep(7 * time.Minute)
		w.mustRefuse(t, w.named(long), answer{reason: authn.UnknownKey, text: fmt.Sprintf("no key %q… for ES256 among the issuer's", long[:128])}) // fetches, and is too long to remember
		w.mustRefuse(t, stale, unknownKey("nobody's-0", "ES256"))
		time.Sleep(4 * time.Minute)
		w.mustRefuse(t, w.unknown(1), unknownKey("nobody's-1", "ES256"))
		w.mustRefuse(t, stale, unavailable(`keys: key "nobody's-0": not among those known, and it is too soon to fetch them again`))
	})
}
