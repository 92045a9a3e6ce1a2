package authn_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apiserver/pkg/authentication/user"

	"github.com/authnchain/authnchain/authn"
)

// identity makes a user of the ids of its credential.
func identity(name string, ids ...string) *tracked {
	u := &tracked{DefaultInfo: user.DefaultInfo{Name: name}}
	if ids != nil {
		u.Extra = map[string][]string{user.CredentialIDKey: ids}
	}
	return u
}

func issued(u *tracked, text string) *tracked {
	u.issued = at(text)
	return u
}

func certified(u *tracked, serial, issuer string) *tracked {
	u.serial, u.issuer = serial, issuer
	return u
}

func TestRevoked(t *testing.T) {
	const noon, one = "2026-11-24T12:00:00Z", "2026-11-24T13:00:00Z" // noon is when all rows are asked
	jane := func() *tracked { return identity("jane") }
	tests := []struct {
		name string
		list string // lines, parted by semicolons
		user user.Info
		want string // what is told after the line; empty: not revoked
	}{
		{"nobody", "# none", jane(), ""},
		{"the user", "user jane", jane(), `line 1: user "jane"`},
		{"another", "user joe", jane(), ""},
		{"in another case", "user Jane", jane(), ""},
		{"a longer name", "user janet", jane(), ""},
		{"not the first line", "# x;;user joe;user jane", jane(), `line 4: user "jane"`},
		{"a user without credentials", "credential JTI=1;user jane", &user.DefaultInfo{Name: "jane"}, `line 2: user "jane"`},
		{"by group", "user ops", &user.DefaultInfo{Name: "jane", Groups: []string{"ops"}}, ""},
		{"by user ID", "user 7", &user.DefaultInfo{Name: "jane", UID: "7"}, ""},
		{"anonymous", "user system:anonymous", &user.DefaultInfo{Name: user.Anonymous}, `line 1: user "system:anonymous"`},

		{"issued before", "user jane before " + noon, issued(jane(), "2026-11-24T11:59:59.999999999Z"), `line 1: user "jane" before 2026-11-24T12:00:00Z, and it was issued 2026-11-24T11:59:59.999999999Z`},
		{"issued then", "user jane before " + noon, issued(jane(), noon), ""},
		{"issued after", "user jane before " + noon, issued(jane(), one), ""},
		{"issued in another zone", "user jane before 2026-11-24T14:00:00+02:00", issued(jane(), "2026-11-24T12:59:59+01:00"), `line 1: user "jane" before 2026-11-24T12:00:00Z, and it was issued 2026-11-24T11:59:59Z`},
		{"issued nobody knows when", "user jane before 1970-01-01T00:00:00Z", jane(), `line 1: user "jane" before 1970-01-01T00:00:00Z, and when it was issued is not known`},
		{"issued before, to come", "user jane before " + one, issued(jane(), noon), `line 1: user "jane" before 2026-11-24T13:00:00Z, and it was issued 2026-11-24T12:00:00Z`},
		{"issued before one of two", "user jane before " + noon + ";user jane before " + one, issued(jane(), noon), `line 2: user "jane" before 2026-11-24T13:00:00Z, and it was issued 2026-11-24T12:00:00Z`},
		{"the same, the other way round", "user jane before " + one + ";user jane before " + noon, issued(jane(), noon), `line 1: user "jane" before 2026-11-24T13:00:00Z, and it was issued 2026-11-24T12:00:00Z`},
		{"all of one, some of another", "user jane before " + noon + ";user jane;user jane before " + noon, issued(jane(), one), `line 2: user "jane"`},
		{"until then", "user jane until 2026-11-24T12:00:00.000000001Z", jane(), `line 1: user "jane"`},
		{"until now", "user jane until " + noon, jane(), ""},
		{"until before", "user jane until 2026-11-24T11:00:00Z", jane(), ""},
		{"until before, and another for ever", "user jane;user jane until 2026-11-24T11:00:00Z", jane(), `line 1: user "jane"`},
		{"until the year 9999", "user jane until 9999-12-31T23:59:59Z", jane(), `line 1: user "jane"`},
		{"before and until, and both hold", "user jane before " + noon + " until " + one, jane(), `line 1: user "jane" before 2026-11-24T12:00:00Z, and when it was issued is not known`},
		{"before and until, and it is over", "user jane before " + one + " until " + noon, jane(), ""},

		{"a token", "credential JTI=1", identity("jane", "JTI=1"), `line 1: credential "JTI=1"`},
		{"another token", "credential JTI=1", identity("jane", "JTI=11"), ""},
		{"in another case of the kind", "credential JTI=1", identity("jane", "jti=1"), ""},
		{"a token of several ids", "credential JTI=2", identity("jane", "JTI=1", "JTI=2"), `line 1: credential "JTI=2"`},
		{"a token of no ids", "credential JTI=2", identity("jane", []string{}...), ""},
		{"a token that has expired", "credential JTI=1 until " + noon, identity("jane", "JTI=1"), ""},
		{"a token that has not", "credential JTI=1 until " + one, identity("jane", "JTI=1"), `line 1: credential "JTI=1"`},
		{"a certificate by its digest", "credential X509SHA256=" + strings.ToUpper(digest), identity("jane", "X509SHA256="+digest), `line 1: credential "X509SHA256=` + digest + `"`},
		{"a digest that an authenticator writes in its own way", "credential X509SHA256=" + digest, identity("jane", "X509SHA256="+strings.ToUpper(digest)), `line 1: credential "X509SHA256=` + strings.ToUpper(digest) + `"`},
		{"an id is no name", "user JTI=1", identity("jane", "JTI=1"), ""},
		{"a name is no id", "credential JTI=1", identity("JTI=1"), ""},

		{"a certificate", "certificate 1fa3 CN=ca", certified(jane(), "1fa3", "CN=ca"), `line 1: certificate 1fa3 issued by "CN=ca"`},
		{"in another spelling", `certificate 001FA3 "O = Example, CN = ca"`, certified(jane(), "1fa3", "CN=ca,O=Example"), `line 1: certificate 1fa3 issued by "CN=ca,O=Example"`},
		{"of another issuer", "certificate 1fa3 CN=other", certified(jane(), "1fa3", "CN=ca"), ""},
		{"of another issuer and of this", "certificate 1fa3 CN=ca;certificate 1fa3 CN=other", certified(jane(), "1fa3", "CN=ca"), `line 1: certificate 1fa3 issued by "CN=ca"`},
		{"of an issuer in another case", "certificate 1fa3 CN=CA", certified(jane(), "1fa3", "CN=ca"), ""},
		{"another of the issuer", "certificate 1fa CN=ca", certified(jane(), "1fa3", "CN=ca"), ""},
		{"an issuer that nobody can read", "certificate 1fa3 CN=ca", certified(jane(), "1fa3", "ca"), `line 1: certificate 1fa3 issued by "ca"`},
		{"an issuer that nobody can read, and another serial number", "certificate 1fa CN=ca", certified(jane(), "1fa3", "ca"), ""},
		{"an issuer that nobody can read, of one that has expired", "certificate 1fa3 CN=ca until " + noon, certified(jane(), "1fa3", "ca"), ""},
		{"a serial number that an authenticator writes in its own way", "certificate 1fa3 CN=ca", certified(jane(), "001FA3", "CN=ca"), `line 1: certificate 001FA3 issued by "CN=ca"`},
		{"a serial number that nobody can read", "certificate 1fa3 CN=ca", certified(jane(), "0x1fa3", "CN=ca"), ""},
		{"a serial number alone", "certificate 1fa3 CN=ca", certified(jane(), "1fa3", ""), ""},
		{"an issuer alone", "certificate 0 CN=ca", certified(jane(), "", "CN=ca"), ""},
		{"one that nobody knows the certificate of", "certificate 1fa3 CN=ca", &user.DefaultInfo{Name: "jane"}, ""},
		{"a certificate that has expired", "certificate 1fa3 CN=ca until " + noon, certified(jane(), "1fa3", "CN=ca"), ""},
		{"expired, and another like it", "certificate 1fa3 CN=ca;certificate 1fa3 CN=ca until " + noon, certified(jane(), "1fa3", "CN=ca"), `line 1: certificate 1fa3 issued by "CN=ca"`},
		{"a name of more than fits", `user "` + strings.Repeat("a", 200) + `"`, identity(strings.Repeat("a", 200)), `line 1: user "` + strings.Repeat("a", 128) + `"…`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			now := func() time.Time { return at(noon) }
			path := filepath.Join(t.TempDir(), "denied")
			require.NoError(t, os.WriteFile(path, []byte(strings.ReplaceAll(tt.list, ";", "\n")+"\n"), 0o600))
			file, err := authn.RevocationFile(path, &authn.RevocationFileOptions{Now: now})
			require.NoError(t, err)
			memory := fill(t, &authn.MemoryRevocations{Now: now}, strings.Split(tt.list, ";"))

			for _, u := range []user.Info{tt.user, authn.ReadOnly(tt.user), authn.ReadOnly(authn.ReadOnly(tt.user))} {
				inFile, inMemory := file.Revoked(t.Context(), u), memory.Revoked(t.Context(), u)
				if tt.want == "" {
					require.NoError(t, inFile)
					require.NoError(t, inMemory)
					continue
				}
				line, what, _ := strings.Cut(tt.want, ": ")
				require.EqualError(t, inFile, "revoked by "+line+" of "+path+": "+what)
				require.EqualError(t, inMemory, "revoked: "+what)
				require.Equal(t, authn.Revoked, authn.ReasonOf(inFile))
				require.Equal(t, authn.Revoked, authn.ReasonOf(inMemory))
			}
		})
	}
}

// fill adds the entries of lines to a list.
func fill(t testing.TB, list *authn.MemoryRevocations, lines []string) *authn.MemoryRevocations {
	t.Helper()
	for _, line := range lines {
		if line == "" || line[0] == '#' {
			continue
		}
		r, err := authn.ParseRevocation(line)
		require.NoError(t, err)
		require.NoError(t, list.Add(r))
	}
	return list
}

// A program adds and removes; each entry is itself alone.
func TestMemoryRevocations(t *testing.T) {
	var list authn.MemoryRevocations
	jane := certified(issued(identity("jane", "JTI=1"), "2026-11-24T12:00:00Z"), "1f", "CN=ca,O=x")
	denied := func(want bool) {
		t.Helper()
		require.Equal(t, want, list.Revoked(t.Context(), jane) != nil)
	}
	denied(false)
	require.Zero(t, list.Len())
	require.False(t, list.Remove(authn.Revocation{User: "jane"}))
	tests := []struct{ add, same authn.Revocation }{
		{authn.Revocation{User: "jane"}, authn.Revocation{User: "jane"}},
		{authn.Revocation{User: "jane", Before: at("2026-11-25T00:00:00Z")}, authn.Revocation{User: "jane", Before: at("2026-11-25T00:00:00Z").In(time.FixedZone("", 3600))}},
		{authn.Revocation{User: "jane", Until: at("9000-01-01T00:00:00Z")}, authn.Revocation{User: "jane", Until: at("9000-01-01T00:00:00Z").Local()}},
		{authn.Revocation{Credential: "JTI=1"}, authn.Revocation{Credential: "JTI=1"}},
		{authn.Revocation{Serial: "1f", Issuer: "CN=ca,O=x"}, authn.Revocation{Serial: "01F", Issuer: "O=x, CN=ca"}},
	}
	for i, tt := range tests {
		require.NoError(t, list.Add(tt.add))
		require.NoError(t, list.Add(tt.same), "once more is the same")
		require.Equal(t, i+1, list.Len())
		require.EqualValues(t, 2*(i+1), list.Generation())
		denied(true)
	}
	for i, tt := range tests {
		denied(true)
		require.True(t, list.Remove(tt.same))
		require.False(t, list.Remove(tt.add))
		require.Equal(t, len(tests)-i-1, list.Len())
		require.EqualValues(t, 2*len(tests)+i+1, list.Generation())
	}
	denied(false)
}
