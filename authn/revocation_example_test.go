package authn_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/authnchain/authnchain/authn"
	"github.com/authnchain/authnchain/authn/authntest"
)

// A deny list in a file goes around the whole chain.
func ExampleRevocations() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "denied")
	if err := os.WriteFile(path, []byte("# left on Friday\nuser jane\n"), 0o600); err != nil {
		log.Fatal(err)
	}

	denied, err := authn.RevocationFile(path, nil)
	if err != nil {
		log.Fatal(err)
	}
	auth := authn.Revocations(authntest.As(authntest.User("jane")), denied)

	_, err = authn.Middleware{Authenticator: auth}.Authenticate(authntest.Request("/"))
	fmt.Println(authn.ReasonOf(err))
	fmt.Println(strings.ReplaceAll(err.Error(), path, "denied"))
	// Output:
	// Revoked
	// authn: user "jane": revoked by line 2 of denied: user "jane"
}

// A program logs a user out everywhere: what was issued until now is denied, and need
// not be for longer than any token lives.
func ExampleMemoryRevocations() {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	denied := &authn.MemoryRevocations{Now: func() time.Time { return now }}
	loggedOut := authn.Revocation{User: "jane", Before: now, Until: now.Add(24 * time.Hour)}
	if err := denied.Add(loggedOut); err != nil {
		log.Fatal(err)
	}
	fmt.Println(loggedOut)
	fmt.Println(denied.Revoked(context.Background(), authntest.User("jane")))

	now = now.Add(24 * time.Hour)
	fmt.Println(denied.Revoked(context.Background(), authntest.User("jane")))
	fmt.Println(denied.Remove(loggedOut), denied.Len())
	// Output:
	// user jane before 2026-11-24T12:00:00Z until 2026-11-25T12:00:00Z
	// revoked: user "jane" before 2026-11-24T12:00:00Z, and when it was issued is not known
	// <nil>
	// true 0
}

func ExampleParseRevocation() {
	r, err := authn.ParseRevocation(`certificate 01FA3 "O = Example, CN = Clients" until 2027-01-01T00:00:00Z`)
	fmt.Println(r.Serial, r.Issuer, r.Until.Year(), err)
	_, err = authn.ParseRevocation("credential X509SHA256=9F:86:D0:81")
	fmt.Println(err)
	// Output:
	// 1fa3 O = Example, CN = Clients 2027 <nil>
	// authn: revocation: a certificate is called X509SHA256= and 64 hexadecimal digits, without colons
}
