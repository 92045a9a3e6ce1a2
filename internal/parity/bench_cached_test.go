package parity

import (
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	tokencache "k8s.io/apiserver/pkg/authentication/token/cache"
	"k8s.io/apiserver/pkg/authentication/token/tokenfile"
	tokenunion "k8s.io/apiserver/pkg/authentication/token/union"

	"github.com/authnchain/authnchain/bearer"
	"github.com/authnchain/authnchain/union"
)

// upstreamCache is the one that kube-apiserver has around all its tokens.
func upstreamCache(auth authenticator.Token) authenticator.Token {
	return tokencache.New(auth, true, 10*time.Second, 0)
}

// cached is a token that has been accepted before.
func (b bench) cached() contest {
	token := b.token("RS256", 1)
	return contest{"cached token", []way{
		other(limit, digest(token)),
		other(upstream, acceptance(upstreamCache(b.upstream(1, mappingsByClaim)), token)),
		other("go-guardian", guardianAcceptance(guardianCache(b.mux(1)), token, benchUser)),
		ours("bearer", acceptance(ourCache(b.mux(1)), token), 1.15, noAllocs),
	}}
}

// expiredAgain is a token that has been refused before, because it had expired.
func (b bench) expiredAgain() contest {
	token := b.tokenUntil("RS256", 1, time.Now().Add(-time.Minute))
	return contest{"expired token, presented again", []way{
		other(limit, digest(token)),
		other(upstream, refusal(upstreamCache(b.upstream(1, mappingsByClaim)), token)),
		ours("bearer", refusal(ourCache(b.mux(1)), token), 2.6, 0),
	}}
}

// unknownAgain is a token that nobody knew before either.
func (b bench) unknownAgain() contest {
	token := "opaque-0f7b4e2c-6f0a-4a55-9d3e-1b2c3d4e5f60"
	theirs, own := b.staticTokens()
	return contest{"unknown opaque token, presented again", []way{
		other(limit, digest(token)),
		other(upstream, refusal(upstreamCache(tokenunion.New(theirs, b.upstream(1, mappingsByClaim))), token)),
		ours("bearer", refusal(ourCache(union.Tokens(own, b.mux(1))), token), 8, 0),
	}}
}

// staticTokens are the same file for both sides.
func (b bench) staticTokens() (theirs *tokenfile.TokenAuthenticator, own *bearer.Tokens) {
	path := filepath.Join(b.t.TempDir(), "tokens.csv")
	require.NoError(b.t, os.WriteFile(path, []byte(tokenFile()), 0o600))
	theirs, err := tokenfile.NewCSV(path)
	require.NoError(b.t, err)
	own, err = bearer.LoadTokens(path)
	require.NoError(b.t, err)
	return theirs, own
}

// digest is the digest of a token, which whoever keeps no tokens needs.
func digest(token string) func() error {
	text := []byte(token)
	var before [sha256.Size]byte
	return func() error {
		now := sha256.Sum256(text)
		if before != now && before != [sha256.Size]byte{} {
			return errors.New("another digest")
		}
		before = now
		return nil
	}
}

// lookUp is the digest of a token and a look-up by it.
func lookUp(token string) func() error {
	text := []byte(token)
	users := map[[sha256.Size]byte]string{sha256.Sum256(text): "jane"}
	return func() error {
		if _, ok := users[sha256.Sum256(text)]; !ok {
			return errors.New("not found")
		}
		return nil
	}
}
