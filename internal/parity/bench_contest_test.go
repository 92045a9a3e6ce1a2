package parity

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"testing"

	"github.com/stretchr/testify/require"
	authenticationcel "k8s.io/apiserver/pkg/authentication/cel"
)

// contest is one piece of work, done in several ways, of which the first is the
// limit: what nobody can leave out.
type contest struct {
	name string
	ways []way
}

type way struct {
	name string
	do   func() error
	ours bool
	budget
}

// budget is what a way of ours may take. Zero means that it may take what it
// wants.
type budget struct {
	ratio  float64 // of its time to that of the limit
	allocs int
}

// noAllocs is the budget of what must not allocate, not even the one that
// others are let off.
const noAllocs = -1

// Names of ways.
const (
	limit    = "limit"
	upstream = "upstream"
)

// ours is a way of this project.
func ours(name string, do func() error, ratio float64, allocs int) way {
	return way{name, do, true, budget{ratio, allocs}}
}

// other is a way of somebody else's, or the limit.
func other(name string, do func() error) way { return way{name: name, do: do} }

func everyContest(t testing.TB) []contest {
	t.Helper()
	b := newBench(t)
	return []contest{
		b.uncached("RS256", 1.18, 35),
		b.uncached("PS256", 0, 0),
		b.uncached("ES256", 1.12, 0),
		b.uncached("EdDSA", 1.12, 0),
		b.configured("RS256 with CEL", 1, mappingsByExpression, budget{1.6, 120}),
		b.configured("RS256 with CEL in loops", 1, mappingsByLoop, budget{}),
		b.configured("10 issuers", 10, mappingsByClaim, budget{1.22, 0}),
		b.configured("100 issuers", 100, mappingsByClaim, budget{1.22, 0}),
		b.cached(),
		b.expiredAgain(),
		b.unknownAgain(),
		b.wholeCached(),
		b.wholeAnonymous(),
		b.wholeStatic(),
		b.firstCertificate(),
		b.nextCertificate(),
		b.review(),
	}
}

// bench makes contests.
type bench struct {
	t        testing.TB
	keys     []namedKey // RSA, P-256 and Ed25519
	compiler authenticationcel.Compiler
}

func newBench(t testing.TB) bench {
	t.Helper()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	keys := []namedKey{{"2026-11", rsaKey}, {"2026-11-ec", ecKey}, {"2026-11-ed", edKey}}
	return bench{t, keys, authenticationcel.NewDefaultCompiler()}
}
