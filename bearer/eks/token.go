package eks

import (
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Prefix is what every token begins with.
const Prefix = "k8s-aws-v1."

// clusterHeader has the cluster's ID. Its name is signed in lower case.
const clusterHeader = "x-k8s-aws-id"

const (
	// Lifetime is how long after its X-Amz-Date STS takes a token, whatever
	// X-Amz-Expires says.
	Lifetime = 15 * time.Minute

	ahead      = 5 * time.Minute // so far in the future STS takes a date
	maxExpires = 900             // seconds
	dateLayout = "20060102T150405Z"
)

// presigned is the request that a token is, as it was read.
type presigned struct {
	host, query string
	keyID       string // of the access key
	signature   string
	security    string // the token of a temporary key; empty: it is none
	date        time.Time
}

func (p *presigned) url() string { return "https://" + p.host + "/?" + p.query }

// parse reads a token that begins with Prefix. Errors hold nothing of it but a host.
func parse(token string, maxBytes int, allowed hosts) (*presigned, error) {
	if len(token) > maxBytes {
		return nil, fmt.Errorf("%d bytes, more than %d", len(token), maxBytes)
	}
	encoded := strings.TrimPrefix(token, Prefix)
	if strings.ContainsAny(encoded, "\r\n") { // which package base64 passes over
		return nil, errNotBase64
	}
	text, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return nil, errNotBase64
	}
	return parseURL(string(text), allowed)
}

var errNotBase64 = errors.New("not base64url without padding (RFC 4648, section 5)")

func parseURL(text string, allowed hosts) (*presigned, error) {
	rest, ok := strings.CutPrefix(text, "https://")
	if !ok {
		return nil, errors.New("not an https URL")
	}
	host, rest, ok := strings.Cut(rest, "/")
	switch {
	case !ok || !isHost(host):
		return nil, errors.New(`not "https://", the name of a host, and "/"`)
	case !allowed[host]:
		return nil, fmt.Errorf("host %q: not among those that may be asked", host)
	}
	query, ok := strings.CutPrefix(rest, "?")
	if !ok {
		return nil, errors.New(`the path is not "/"`)
	}
	values, err := parseQuery(query)
	if err != nil {
		return nil, err
	}
	p := &presigned{host: host, query: query, signature: values[signature], security: values[securityToken]}
	return p, p.check(values)
}

var (
	signatureForm = regexp.MustCompile(`^[0-9a-f]{64}$`)
	secondsForm   = regexp.MustCompile(`^(0|[1-9][0-9]{0,2})$`) // aws-iam-authenticator writes 0
	// https://docs.aws.amazon.com/STS/latest/APIReference/API_Credentials.html
	credentialForm = regexp.MustCompile(`^(\w{16,128})/([0-9]{8})/[a-z0-9-]{1,32}/sts/aws4_request$`)
)

// check looks at the parameters that may have several values.
func (p *presigned) check(values map[string]string) (err error) {
	if p.date, err = time.Parse(dateLayout, values[date]); err != nil || len(values[date]) != len(dateLayout) {
		return fmt.Errorf("%s: not a time such as %s", date, dateLayout)
	}
	seconds, err := strconv.Atoi(values[expires])
	if err != nil || !secondsForm.MatchString(values[expires]) || seconds > maxExpires {
		return fmt.Errorf("%s: not a number from 0 to %d", expires, maxExpires)
	}
	if !signatureForm.MatchString(p.signature) {
		return fmt.Errorf("%s: not 64 hexadecimal digits", signature)
	}
	if _, there := values[securityToken]; there && p.security == "" {
		return fmt.Errorf("%s: empty", securityToken)
	}
	scope := credentialForm.FindStringSubmatch(values[credential])
	if scope == nil {
		return fmt.Errorf("%s: not the id of a key, a day, a region, sts and aws4_request", credential)
	}
	if scope[2] != values[date][:len(scope[2])] {
		return fmt.Errorf("%s: of another day than %s", credential, date)
	}
	p.keyID = scope[1]
	return nil
}
