package eks_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/authnchain/authnchain/bearer/eks"
)

func TestARNs(t *testing.T) {
	const account = "111122223333"
	tests := []struct {
		text      string
		want      eks.ARN
		canonical string
	}{
		{"arn:aws:iam::111122223333:root", eks.ARN{"aws", account, eks.Root, "", ""}, "arn:aws:iam::111122223333:root"},
		{"arn:aws:iam::111122223333:user/Bob", eks.ARN{"aws", account, eks.User, "Bob", ""}, "arn:aws:iam::111122223333:user/Bob"},
		{"arn:aws:iam::111122223333:user/division/sub/Bob", eks.ARN{"aws", account, eks.User, "division/sub/Bob", ""}, "arn:aws:iam::111122223333:user/division/sub/Bob"},
		{"arn:aws:iam::111122223333:role/Admin", eks.ARN{"aws", account, eks.Role, "Admin", ""}, "arn:aws:iam::111122223333:role/Admin"},
		{"arn:aws:iam::111122223333:role/path/Admin", eks.ARN{"aws", account, eks.Role, "path/Admin", ""}, "arn:aws:iam::111122223333:role/path/Admin"},
		{"arn:aws:sts::111122223333:federated-user/Bob", eks.ARN{"aws", account, eks.FederatedUser, "Bob", ""}, "arn:aws:sts::111122223333:federated-user/Bob"},
		{"arn:aws:sts::111122223333:assumed-role/Admin/jane@example.com", eks.ARN{"aws", account, eks.Role, "Admin", "jane@example.com"}, "arn:aws:iam::111122223333:role/Admin"},
		{"arn:aws:sts::111122223333:assumed-role/path/Admin/i-0123456789abcdef0", eks.ARN{"aws", account, eks.Role, "path/Admin", "i-0123456789abcdef0"}, "arn:aws:iam::111122223333:role/path/Admin"},
		{"arn:aws-cn:sts::111122223333:assumed-role/Admin/jane", eks.ARN{"aws-cn", account, eks.Role, "Admin", "jane"}, "arn:aws-cn:iam::111122223333:role/Admin"},
		{"arn:aws-us-gov:iam::111122223333:user/Bob", eks.ARN{"aws-us-gov", account, eks.User, "Bob", ""}, "arn:aws-us-gov:iam::111122223333:user/Bob"},
		{"arn:aws-iso-b:sts::111122223333:federated-user/Bob", eks.ARN{"aws-iso-b", account, eks.FederatedUser, "Bob", ""}, "arn:aws-iso-b:sts::111122223333:federated-user/Bob"},
		{"arn:aws:iam::111122223333:user/a:b", eks.ARN{"aws", account, eks.User, "a:b", ""}, "arn:aws:iam::111122223333:user/a:b"},
	}
	for _, tt := range tests {
		got, err := eks.ParseARN(tt.text)
		require.NoError(t, err, tt.text)
		require.Equal(t, tt.want, got)
		require.Equal(t, tt.canonical, got.String())
	}
}

func TestBadARNs(t *testing.T) {
	const (
		notARN    = "not an ARN: want arn:partition:service:region:account:resource"
		partition = "the ARN's partition is not aws or one that begins with aws-"
		account   = "the ARN's account has not twelve digits"
		nobody    = "not the ARN of a role, a user, an account's root, a federated user or a role's session"
	)
	for text, want := range map[string]string{
		"":                                                            notARN,
		"arn:aws:iam::111122223333":                                   notARN,
		"ARN:aws:iam::111122223333:root":                              notARN,
		" arn:aws:iam::111122223333:root":                             notARN,
		"arn::iam::111122223333:root":                                 partition,
		"arn:awsome:iam::111122223333:root":                           partition,
		"arn:AWS:iam::111122223333:root":                              partition,
		"arn:acs:iam::111122223333:root":                              partition,
		"arn:aws:iam:eu:111122223333:root":                            "the ARN has a region",
		"arn:aws:iam::11112222333:root":                               account,
		"arn:aws:iam::aws:policy/X":                                   account,
		"arn:aws:iam::11112222333٣:root":                              account,
		"arn:aws:iam::111122223333:root/":                             nobody,
		"arn:aws:iam::111122223333:roots":                             nobody,
		"arn:aws:iam::111122223333:user":                              nobody,
		"arn:aws:iam::111122223333:user/":                             nobody,
		"arn:aws:iam::111122223333:user//a":                           nobody,
		"arn:aws:iam::111122223333:user/a/":                           nobody,
		"arn:aws:iam::111122223333:user/a b":                          nobody,
		"arn:aws:iam::111122223333:user/é":                            nobody,
		"arn:aws:iam::111122223333:group/a":                           nobody,
		"arn:aws:iam::111122223333:User/a":                            nobody,
		"arn:aws:sts::111122223333:user/a":                            nobody,
		"arn:aws:sts::111122223333:root":                              nobody,
		"arn:aws:iam::111122223333:federated-user/a":                  nobody,
		"arn:aws:iam::111122223333:assumed-role/a/b":                  nobody,
		"arn:aws:sts::111122223333:assumed-role/a":                    nobody,
		"arn:aws:sts::111122223333:assumed-role/a/":                   nobody,
		"arn:aws:sts::111122223333:assumed-role//b":                   nobody,
		"arn:aws:ec2::111122223333:instance/i-0":                      nobody,
		"arn:aws:iam::111122223333:user/a\nb":                         nobody,
		"arn:aws:iam::111122223333:user/" + strings.Repeat("a", 2048): "an ARN of more than 2048 bytes",
	} {
		_, err := eks.ParseARN(text)
		require.EqualError(t, err, want, text)
	}
}
