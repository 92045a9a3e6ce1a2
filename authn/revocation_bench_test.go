package authn_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
)

// tracked is a user that tells all that a deny list can ask.
type tracked struct {
	user.DefaultInfo
	issued         time.Time
	serial, issuer string
}

func (t *tracked) Issued() time.Time                    { return t.issued }
func (t *tracked) Certificate() (serial, issuer string) { return t.serial, t.issuer }

func idOf(n int) string { return fmt.Sprintf("X509SHA256=%x", sha256.Sum256(fmt.Append(nil, n))) }

// manyRevoked is a file of n certificates, as many users and serial numbers a tenth each.
func manyRevoked(t testing.TB, n int) *authn.FileRevocations {
	t.Helper()
	text := []byte("# many\n")
	for i := range n {
		text = fmt.Appendf(text, "credential %s\n", idOf(i))
		if i%10 == 0 {
			text = fmt.Appendf(text, "user u%d before 2026-01-01T00:00:00Z\ncertificate %x CN=ca\n", i, i+1)
		}
	}
	path := filepath.Join(t.TempDir(), "denied")
	require.NoError(t, os.WriteFile(path, text, 0o600))
	f, err := authn.RevocationFile(path, nil)
	require.NoError(t, err)
	return f
}

func unlisted() *tracked {
	return &tracked{
		DefaultInfo: user.DefaultInfo{Name: "jane", Extra: map[string][]string{user.CredentialIDKey: {idOf(-1)}}},
		issued:      time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), serial: "ffffffffffff", issuer: "CN=ca",
	}
}

// Who is on no list costs nothing that the collector has to clean up.
func TestRevokedAllocates(t *testing.T) {
	file, memory := manyRevoked(t, 100), &authn.MemoryRevocations{}
	require.NoError(t, memory.Add(authn.Revocation{User: "joe"}))
	require.NoError(t, memory.Add(authn.Revocation{Credential: "JTI=1"}))
	require.NoError(t, memory.Add(authn.Revocation{Serial: "1", Issuer: "CN=ca"}))
	bare := authntest.As(unlisted())
	auth := authn.Revocations(bare, file, memory)
	r := request()
	for name, u := range map[string]user.Info{"as it was made": unlisted(), "remembered": authn.ReadOnly(unlisted()), "on hold until then": &user.DefaultInfo{Name: "jim"}} {
		for _, list := range []authn.RevocationList{file, memory} {
			require.Zero(t, testing.AllocsPerRun(100, func() {
				if err := list.Revoked(r.Context(), u); err != nil {
					t.Error(err)
				}
			}), name)
		}
	}
	ask := func() { _, _, _ = auth.AuthenticateRequest(r) }
	askBare := func() { _, _, _ = authn.AskRequest(bare, r) }
	require.Equal(t, testing.AllocsPerRun(100, askBare), testing.AllocsPerRun(100, ask))
}

func BenchmarkRevoked(b *testing.B) {
	for _, n := range []int{1, 1_000_000} {
		if n > 1 && testing.Short() {
			continue
		}
		file := manyRevoked(b, n)
		for name, u := range map[string]user.Info{"own": unlisted(), "readonly": authn.ReadOnly(unlisted())} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				ctx := b.Context()
				b.ReportAllocs()
				for b.Loop() {
					if err := file.Revoked(ctx, u); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
