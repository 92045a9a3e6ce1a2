// Package awsauth maps AWS identities to users by the ConfigMap aws-auth of the
// namespace kube-system, as Amazon EKS clusters have it.
//
// # The ConfigMap
//
// Its data are three lists in YAML or JSON, each of which may be missing:
//
//	mapRoles: |
//	  - rolearn: arn:aws:iam::111122223333:role/Admin
//	    username: admin:{{SessionName}}
//	    groups: [platform:admins]
//	mapUsers: |
//	  - userarn: arn:aws:iam::111122223333:user/Bob
//	    username: bob
//	mapAccounts: |
//	  - "444455556666"
//
// Roles and users are found by the canonical ARN ([eks.ARN.String]), whatever its case. A
// role's session is its role, without the role's path: AWS does not tell that, so a
// rolearn with a path matches nobody ([Mappings.Warnings] has it). Who is in neither
// list, and has an account that is listed, is called by the canonical ARN and has no
// groups. Everybody else is refused with [authn.RuleFailed].
//
// In user names and groups these are filled in:
//
//   - {{AccountID}} and {{AccessKeyID}};
//   - {{SessionNameRaw}}, the name of a role's session, and {{SessionName}}, which has
//     "-" for each "@". Whoever may assume the role chooses it, so put something before
//     it;
//   - {{EC2PrivateDNSName}}, the name of the EC2 instance that the session is called
//     after, which [Options].PrivateDNSName finds.
//
// Names may begin with "system:", as those of nodes do: whoever may write the ConfigMap
// may name any user, the system's too.
//
// # What is checked
//
// A ConfigMap is taken as a whole or refused with everything that is wrong with it and
// the lines: fields and keys that are unknown or there twice, aliases, entries without a
// name, ARNs that nobody can have or with "*" or "?" in them, one ARN with two different
// entries, templates that are not listed here. Field names match in any case, such as
// roleARN. What has changed and is refused is not in use; what was good before is.
//
// aws-iam-authenticator takes the parts that it can read, and the last of several
// entries.
package awsauth
