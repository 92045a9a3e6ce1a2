// Authcheck says, without asking anybody, what an AuthenticationConfiguration
// would make of a token: which entry it falls to, which mapping or rule refuses it
// and with what value, and which user would come out. It is a dry run for people
// who look for a mistake. It does NOT verify the signature, so it proves nothing
// of who made the token. Expressions have ten times the time that a request gives
// them.
//
//	go run ./examples/authcheck -config auth-config.yaml -token "$TOKEN"
//	pbpaste | go run ./examples/authcheck -config auth-config.yaml -token -
//	go run ./examples/authcheck -config auth-config.yaml -claims '{"iss":"https://login.example.com","sub":"jane"}'
//
// What to look at is exactly one of these; "-" is standard input in all of them:
//
//	-token TOKEN        "Bearer " before it and blanks around it do not matter
//	-token-file PATH    likewise
//	-claims JSON        the payload of a token, a JSON object
//	-claims-file PATH   likewise
//
// The other flags, but for -config, may be left out:
//
//	-config PATH              the AuthenticationConfiguration, in YAML or JSON
//	-now TIME                 the time of the check, as RFC 3339 has it
//	-any-type                 take tokens of every "typ", as kube-apiserver does
//	-distributed-host HOST    besides the issuer's, that a token may name for its groups; may be repeated
//	-disallowed-issuer URL    that no entry may have, such as that of service accounts; may be repeated
//	-o text|json              how to report
//
// The token is never repeated, whatever is wrong with it and wherever on the
// command line it was put by mistake. Claims are: they are what the report is
// about.
//
// What else the options of the server say that uses the configuration is not known
// here: its limits, leeway and algorithms, and how it resolves distributed claims.
//
// # Exit code
//
// 0 if the token would be accepted, 1 if it would be refused, and 2, with the
// reasons on standard error and one on each line, if there was nothing to check: a
// flag, the configuration, the token or the claims are of no use. "go run" makes 1
// of both: scripts build the command first.
//
// # JSON
//
// With -o json the report is one object. All members are always there.
//
//	issuer      string    whose token it is; "" if no entry is for it or that cannot be read
//	index       number    of that entry, jwt[index]; -1 if there is none
//	accepted    boolean   provided that the signature is good, and what was skipped
//	signature   string    "not verified"
//	user        object    who would come out; null if not accepted
//	  username  string
//	  uid       string    "" if there is none
//	  groups    [string]  without system:authenticated, which the chain adds
//	  extra     object    of lists of strings
//	steps       [object]  what was checked, in order
//	  path      string    in the entry, such as claimMappings.groups; "iss", "aud", "exp", "nbf" or "iat";
//	                      or "token", "distributed claims" or "expressions", each as a whole
//	  verdict   string    "ok", "refused" or "skipped": it could not be done
//	  value     any       what came of it: a string, a list of strings or a boolean, or a claim as the token
//	                      has it; null if nothing did, and where a mapping refuses
//	  reason    string    of a refusal, such as "Expired": a Reason of package authn; else ""
//	  error     string    why it is refused or skipped; else ""
//	warnings    [string]  what the configuration says without effect
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

// The exit codes.
const (
	accepted = iota
	refused
	unusable
)

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// run is main without the process around it.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	s, err := parseFlags(args, stdout)
	if errors.Is(err, flag.ErrHelp) {
		return accepted
	}
	var r *report
	if err == nil {
		r, err = dryRun(context.Background(), s, stdin)
	}
	if err == nil {
		err = r.write(stdout, s)
	}
	if err != nil {
		for _, line := range linesOf(err) {
			fmt.Fprintln(stderr, "authcheck:", line)
		}
		return unusable
	}
	if !r.Accepted {
		return refused
	}
	return accepted
}
